import asyncio
import ssl
from pathlib import Path

import pytest

from scidex_console.demo.hosts.replies import every_host
from scidex_console.demo.hosts.server import FigureHosts
from tests.demo.hosts_client import PROMPT, client_of


async def handshake(hosts: FigureHosts, name: str, context: ssl.SSLContext) -> None:
    _, writer = await asyncio.open_connection(
        "127.0.0.1", hosts.https_port, ssl=context, server_hostname=name
    )
    writer.close()
    await writer.wait_closed()


async def test_every_host_presents_a_certificate_of_its_own_name(tmp_path: Path) -> None:
    async with FigureHosts(tmp_path, timing=PROMPT) as hosts:
        context = ssl.create_default_context(cafile=hosts.ca_file)
        for host in every_host():
            await handshake(hosts, host, context)


async def test_upper_case_name_is_the_same_host(tmp_path: Path) -> None:
    async with FigureHosts(tmp_path, timing=PROMPT) as hosts, client_of(hosts) as client:
        await handshake(hosts, "WWW.MDPI.COM", ssl.create_default_context(cafile=hosts.ca_file))
        await client.get("https://WWW.Mdpi.com/robots.txt")
        assert [one.host for one in hosts.log.read()] == ["www.mdpi.com"]


async def test_address_without_a_name_is_served_too(tmp_path: Path) -> None:
    async with FigureHosts(tmp_path, timing=PROMPT) as hosts:
        await handshake(hosts, "127.0.0.1", ssl.create_default_context(cafile=hosts.ca_file))


async def test_name_that_cannot_be_certified_fails_verification_only(tmp_path: Path) -> None:
    async with FigureHosts(tmp_path, timing=PROMPT) as hosts:
        context = ssl.create_default_context(cafile=hosts.ca_file)
        with pytest.raises(ssl.SSLCertVerificationError):
            await handshake(hosts, "under_score.example", context)
        await handshake(hosts, "www.bmj.com", context)


async def test_nobody_else_trusts_the_authority(tmp_path: Path) -> None:
    async with FigureHosts(tmp_path, timing=PROMPT) as hosts:
        with pytest.raises(ssl.SSLCertVerificationError):
            await handshake(hosts, "www.bmj.com", ssl.create_default_context())
