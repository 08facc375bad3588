import pytest

from tests.core.tcp.certificates import Certificates
from tests.core.tcp.pairs import Pairs, SecurePairs


@pytest.fixture(scope="session")
def certs(tmp_path_factory):
    """A certificate authority that both sides can trust."""
    return Certificates(tmp_path_factory.mktemp("certs"))


@pytest.fixture(scope="session")
def strangers(tmp_path_factory):
    """A certificate authority that nobody trusts."""
    return Certificates(tmp_path_factory.mktemp("strangers"))


@pytest.fixture
def made():
    """Things that are closed in the end."""
    made = []
    yield made
    for one in made:
        one.close()


@pytest.fixture
def pairs(made):
    """Make pairs(**kwa): a servant and its clients."""

    def make(**kwa):
        made.append(Pairs(**kwa))
        return made[-1]

    return make


@pytest.fixture
def rigged(made, certs):
    """Make rigged(**kwa): a servant over TLS and its clients."""

    def make(**kwa):
        made.append(SecurePairs(certs, **kwa))
        return made[-1]

    return make
