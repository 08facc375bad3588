import pytest

from hio.core.tcp.netting import osNet
from hio.sim.netting import SimNet
from tests.core.tcp.certificates import Certificates
from tests.core.tcp.ends import Ends
from tests.core.tcp.pairs import TLS12, TLS13, Pairs, SecurePairs


@pytest.fixture(scope="session")
def certs(tmp_path_factory):
    """A certificate authority that both sides can trust."""
    return Certificates(tmp_path_factory.mktemp("certs"))


@pytest.fixture(scope="session")
def strangers(tmp_path_factory):
    """A certificate authority that nobody trusts."""
    return Certificates(tmp_path_factory.mktemp("strangers"))


@pytest.fixture(params=[TLS13, TLS12], ids=["1.3", "1.2"])
def version(request):
    """Each version of TLS."""
    return request.param


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


@pytest.fixture(params=["os", "sim"])
def ends(request):
    """Sockets on either network."""
    made = Ends(osNet if request.param == "os" else SimNet())
    yield made
    made.close()
