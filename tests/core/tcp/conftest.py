import pytest

from tests.core.tcp.certificates import Certificates


@pytest.fixture(scope="session")
def certs(tmp_path_factory):
    """A certificate authority that both sides can trust."""
    return Certificates(tmp_path_factory.mktemp("certs"))


@pytest.fixture(scope="session")
def strangers(tmp_path_factory):
    """A certificate authority that nobody trusts."""
    return Certificates(tmp_path_factory.mktemp("strangers"))
