"""wget and aria2, as their manuals have them for lists of addresses.

    python programs.py (wget | aria2) PROGRAM PLAN

wget: one process per host group with --wait, all groups at once. aria2: one process for all, one connection
per server; it knows no rate of requests. What they say in their logs is what is known of each row.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from rivals.plan import (
    AGAIN,
    PERSON,
    STORED,
    Group,
    Plan,
    Row,
    Said,
    outcome_of_status,
    read_plan,
    write_results,
)


def main() -> None:
    """Fetch a plan's rows."""
    which, program, path = sys.argv[1:]
    plan = read_plan(path)
    write_results(plan, {"wget": _wget, "aria2": _aria2}[which](program, plan))


def _wget(program: str, plan: Plan) -> list[Said]:
    folder = Path(plan.folder)
    running = []
    for group, rows in plan.by_group():
        listed = folder / f"{group.name}.txt"
        listed.write_text("".join(f"{row.url}\n" for row in rows), encoding="utf-8")
        command = [
            program,
            "-i",
            str(listed),
            "-o",
            str(folder / f"{group.name}.log"),
            "-nv",
            "-x",
            "-P",
            str(folder / "wget"),
        ]
        command += [
            "--tries=1",
            f"--timeout={plan.read_timeout:g}",
            "--max-redirect=5",
            f"--ca-certificate={plan.ca_file}",
        ]
        command += ["--header=Accept-Encoding: identity"]
        if plan.throttled:
            command.append(f"--wait={1 / group.rate:g}")
        running.append((subprocess.Popen(command), group, rows))
    said: list[Said] = []
    for process, group, rows in running:
        try:
            process.wait(timeout=300)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        said += _said_by_wget(folder, group, rows)
    return said


def _said_by_wget(folder: Path, group: Group, rows: list[Row]) -> Iterator[Said]:
    log = (folder / f"{group.name}.log").read_text(encoding="utf-8", errors="replace")
    refused = {
        url: int(code) for url, code in re.findall(r"^(http\S+):\n\S+ \S+ ERROR (\d+)", log, re.MULTILINE)
    }
    for row in rows:
        parts = urlsplit(row.url)
        path = folder / "wget" / (parts.hostname or "") / parts.path.lstrip("/")
        saved = f'"{path}" [' in log
        if row.url in refused:
            yield Said(row.id, outcome_of_status(refused[row.url]), str(refused[row.url]))
        elif saved:
            yield Said(row.id, STORED, "", hashlib.sha256(path.read_bytes()).hexdigest())
        else:
            yield Said(
                row.id, PERSON if "redirections exceeded" in log and len(rows) == 1 else AGAIN, "no answer"
            )


def _aria2(program: str, plan: Plan) -> list[Said]:
    folder = Path(plan.folder)
    listed, log, kept = folder / "list.txt", folder / "aria2.log", folder / "aria2"
    listed.write_text("".join(f"{row.url}\n  out={row.id}\n" for row in plan.rows), encoding="utf-8")
    at_once = sum(group.in_flight for group in plan.groups)
    command = [program, "-i", str(listed), "-d", str(kept), "-l", str(log), "--log-level=notice", "--quiet"]
    command += [
        "-j",
        str(min(at_once, plan.most_at_once)),
        "-x1",
        "-s1",
        "--max-tries=1",
        f"--timeout={plan.read_timeout:g}",
    ]
    command += [
        f"--ca-certificate={plan.ca_file}",
        "--allow-overwrite=true",
        "--file-allocation=none",
        "--async-dns=false",
    ]
    try:
        subprocess.run(command, check=False, timeout=300, stdout=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        print("aria2 was ended after 300 s", file=sys.stderr)
    text = log.read_text(encoding="utf-8", errors="replace")
    refused = {
        url: int(status)
        for url, status in re.findall(r"URI=(http\S+)(?:(?!URI=)[\s\S])*?status=(\d{3})", text)
    }
    missing = set(re.findall(r"errorCode=3 URI=(http\S+)", text)) | set(
        re.findall(r"URI=(http\S+)\n(?:(?!URI=)[\s\S])*?errorCode=3", text)
    )
    said = []
    for row in plan.rows:
        path = kept / row.id
        if row.url in missing:
            said.append(Said(row.id, outcome_of_status(404), "not found"))
        elif row.url in refused:
            said.append(Said(row.id, outcome_of_status(refused[row.url]), str(refused[row.url])))
        elif path.exists() and not path.with_name(f"{row.id}.aria2").exists():
            said.append(Said(row.id, STORED, "", hashlib.sha256(path.read_bytes()).hexdigest()))
        else:
            said.append(Said(row.id, AGAIN, "failed"))
    return said


if __name__ == "__main__":
    main()
