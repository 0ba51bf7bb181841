"""The agents that companies have installed, unmodified, against the real product: the machine is in the fleet."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .product import SOURCE, Product

ROOT = SOURCE.parent
COMPONENTS = ROOT / "var" / "components"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    made = Product(tmp_path_factory.mktemp("product"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def perl(*words: str, cwd: Path, timeout: float = 180) -> str:
    done = subprocess.run(
        ["perl", *words], cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-3000:]
    return said


def copied(name: str, tmp_path: Path) -> Path:
    """An extracted Debian package, in a folder where it may be told its paths."""
    return Path(shutil.copytree(COMPONENTS / name, tmp_path / name, symlinks=True))


def this_machine(product: Product) -> dict[str, Any]:
    product.until_read()
    own = "SELECT id FROM assets_asset WHERE name NOT LIKE 'injected-%'"
    parts = ("operatingsystem", "volume", "networkcard", "disk")
    counts = {p: product.sql(f"SELECT count(*) FROM assets_{p} WHERE asset_id IN ({own})") for p in parts}
    counts["asset"] = product.sql(f"SELECT count(*) FROM ({own}) a")
    counts["programs"] = product.sql("SELECT max(items) FROM inventory_section WHERE name = 'softwares'")
    counts["memory"] = product.sql("SELECT max(memory_mib) FROM assets_asset")
    return counts


def assert_whole(product: Product) -> None:
    found = this_machine(product)
    assert found["asset"] == 1, found
    assert found["operatingsystem"] == 1
    assert found["volume"] >= 1
    assert found["networkcard"] >= 1
    assert found["disk"] >= 1
    assert found["memory"] >= 256
    assert found["programs"] > 100


def fusion_agent(product: Product, tmp_path: Path) -> str:
    home = tmp_path / "fusioninventory-agent"
    home = home if home.exists() else copied("fusioninventory-agent", tmp_path)
    share = home / "usr" / "share" / "fusioninventory"
    setup = share / "lib" / "setup.pm"
    var = tmp_path / "var"
    var.mkdir(exist_ok=True)
    told = setup.read_text().replace("/usr/share/fusioninventory", str(share))
    if str(share) not in setup.read_text():
        setup.write_text(told.replace("/var/lib/fusioninventory-agent", str(var)))
    (tmp_path / "agent.cfg").write_text("")
    words = [
        f"-I{share / 'lib'}",
        str(home / "usr" / "bin" / "fusioninventory-agent"),
        f"--conf-file={tmp_path / 'agent.cfg'}",
    ]
    return perl(*words, "--server", product.url, "--no-httpd", "--debug", cwd=tmp_path)


@pytest.mark.component("fusioninventory-agent")
def test_fusioninventory(product: Product, tmp_path: Path) -> None:
    said = fusion_agent(product, tmp_path)
    assert "inventory" in said.lower()
    assert_whole(product)
    assert product.sql("SELECT count(*) FROM inventory_agent WHERE name = 'FusionInventory-Agent'") == 1


@pytest.mark.component("ocsinventory-agent")
def test_ocsinventory(product: Product, tmp_path: Path) -> None:
    home = copied("ocsinventory-agent", tmp_path)
    (tmp_path / "var").mkdir()
    program = next(p for p in home.rglob("ocsinventory-agent") if p.is_file() and "bin" in p.parts)
    perl(
        f"-I{home / 'usr/share/perl5'}",
        str(program),
        "--server",
        product.url,
        f"--basevardir={tmp_path / 'var'}",
        "--debug",
        cwd=tmp_path,
    )
    assert_whole(product)
    assert product.sql("SELECT count(*) FROM inventory_agent WHERE user_agent LIKE 'OCS-NG%'") == 1


def glpi_agent() -> Path:
    source = Path(os.environ.get("ETABLI_GLPI_AGENT", ""))
    if not (source / "bin" / "glpi-agent").is_file():
        pytest.skip("ETABLI_GLPI_AGENT does not name a source directory of the GLPI Agent")
    return source


def run_glpi_agent(product: Product, var: Path, *words: str, url: str = "") -> str:
    source = glpi_agent()
    var.mkdir(exist_ok=True)
    told = [
        f"-I{source / 'lib'}",
        str(source / "bin" / "glpi-agent"),
        "--server",
        url or product.url,
        "--vardir",
        str(var),
    ]
    return perl(*told, "--no-httpd", "--logger", "stderr", *words, cwd=source)


def test_glpi_agent(product: Product, tmp_path: Path) -> None:
    said = run_glpi_agent(product, tmp_path / "var", "--debug", "--debug", "--tag", "CLIENT-A")
    assert "[error]" not in said, said[-3000:]
    assert_whole(product)
    agent = "FROM inventory_agent WHERE name = 'GLPI-Agent'"
    assert product.sql(f"SELECT tag {agent}") == "CLIENT-A"
    assert product.sql(f"SELECT uuid <> '' {agent}")
    # The next runs send partial inventories, or nothing new.
    run_glpi_agent(product, tmp_path / "var", "--partial", "software")
    assert_whole(product)


def test_glpi_agent_with_an_oauth2_client_then_a_password(product: Product, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{product.port}/front/inventory.php"
    client = ["--oauth-client-id", product.client, "--oauth-client-secret", product.key]
    assert "[error]" not in run_glpi_agent(product, tmp_path / "oauth", *client, url=url)
    password = ["--user", product.client, "--password", product.key]
    assert "[error]" not in run_glpi_agent(product, tmp_path / "basic", *password, url=url)
    assert_whole(product)


def test_glpi_injector(product: Product, tmp_path: Path) -> None:
    source = glpi_agent()
    for number in range(20):
        document = {
            "action": "inventory",
            "deviceid": f"injected-{number}",
            "itemtype": "Computer",
            "content": {
                "versionclient": "x",
                "hardware": {"name": f"injected-{number}"},
                "bios": {"ssn": f"INJ{number}"},
            },
        }
        (tmp_path / f"{number}.json").write_text(json.dumps(document))
    injector = [f"-I{source / 'lib'}", str(source / "bin" / "glpi-injector"), "-d", str(tmp_path)]
    perl(*injector, "--url", product.url, cwd=source)
    product.until_read()
    assert product.sql("SELECT count(*) FROM assets_asset WHERE name LIKE 'injected-%'") == 20


def test_the_collector_fetched_from_the_server_and_run_as_its_page_says(product: Product) -> None:
    script = product.request("GET", f"/i/{product.key}/collector.py")[2]
    command = [sys.executable, "-I", "-", "--server", product.url]
    done = subprocess.run(command, input=script, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert b"accepted" in done.stderr
    assert_whole(product)


# --- agents that come often, and an inventory somebody wants soon -------------------------------------------


@pytest.fixture
def often(product: Product) -> Iterator[None]:
    """The organisation has its agents come each half hour; the server has read it."""
    product.sql(
        "INSERT INTO kernel_preference (organisation_id, key, value) "
        f"VALUES ({product.organisation}, 'inventory.contact_minutes', '30') RETURNING 1"
    )
    product.until(lambda: "30m" in contact(product), "the cadence is read again")
    yield
    product.sql("DELETE FROM kernel_preference WHERE key = 'inventory.contact_minutes' RETURNING 1")


def contact(product: Product) -> str:
    told = json.dumps(
        {"action": "contact", "deviceid": "probe", "name": "probe", "installed-tasks": ["inventory"]}
    )
    headers = {"Content_Type": "application/json", "User_Agent": "GLPI-Agent_v1.12"}
    return product.request("POST", f"/i/{product.key}/", told.encode(), **headers)[2].decode()


def assert_only_sent_when_wanted(product: Product, name: str, run: Any) -> None:
    """Run an agent: due, then not due, then asked for by somebody."""
    mine = f"SELECT id FROM inventory_agent WHERE name = '{name}' ORDER BY seen_at DESC LIMIT 1"
    count = f"SELECT count(*) FROM inventory_document WHERE agent_id = ({mine})"
    run()
    first = product.sql(count)
    assert first >= 1
    run()
    assert product.sql(count) == first, "an inventory was sent though none was due"
    product.sql(f"UPDATE inventory_agent SET soon_at = now() WHERE id = ({mine}) RETURNING 1")
    run()
    assert product.sql(count) == first + 1, "no inventory was sent though somebody asked for one"
    assert product.sql(f"SELECT soon_at IS NULL FROM inventory_agent WHERE id = ({mine})")


def test_glpi_agent_sends_when_it_is_due_or_wanted_soon(
    product: Product, often: None, tmp_path: Path
) -> None:
    assert_only_sent_when_wanted(product, "GLPI-Agent", lambda: run_glpi_agent(product, tmp_path / "var"))


@pytest.mark.component("fusioninventory-agent")
def test_fusioninventory_sends_when_it_is_due_or_wanted_soon(
    product: Product, often: None, tmp_path: Path
) -> None:
    assert_only_sent_when_wanted(product, "FusionInventory-Agent", lambda: fusion_agent(product, tmp_path))
