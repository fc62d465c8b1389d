"""What an artifact's folder says of others: its links by UUID, and what of that is in git already."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from scidex_console.domain.folders.planning import FolderPlan
from scidex_console.domain.folders.rows import Relations
from scidex_console.engine.ports import ArtifactRepository, FolderStore


async def relate(
    store: FolderStore, ids: Sequence[str], upstream_links: Sequence[str]
) -> tuple[Mapping[str, Relations], Mapping[str, str], Collection[str]]:
    """Each artifact's links by UUID, and the UUIDs; minted, too, for what they lead to.

    Also the artifacts that cannot be related now: a row that still needs its UUID is locked.
    """
    links = await store.links(ids, upstream_links)
    ends_of_links = list(dict.fromkeys(end for link in links for end in link))
    ends = dict.fromkeys([*ids, *ends_of_links])
    uuids = await store.mint(list(ends))
    without = set(await store.read([end for end in ends if end not in uuids]))
    locked = without.union(*(link for link in links if without.intersection(link)))
    inputs: dict[str, set[str]] = {artifact_id: set() for artifact_id in ids}
    outputs: dict[str, set[str]] = {artifact_id: set() for artifact_id in ids}
    for derived, origin in links:
        if derived == origin or derived not in uuids or origin not in uuids:
            continue  # a link to itself, or to a row that is not there
        if derived in inputs:
            inputs[derived].add(uuids[origin])
        if origin in outputs:
            outputs[origin].add(uuids[derived])
    dirs = await store.folders_of(ends_of_links)
    relations = {i: Relations(tuple(sorted(inputs[i])), tuple(sorted(outputs[i])), dirs) for i in ids}
    return relations, uuids, locked


def bookkeeping_of(repository: ArtifactRepository, plans: Sequence[FolderPlan]) -> Mapping[str, bytes]:
    """Manifests and links of these folders that git has already, by path. Blocks."""
    paths = [path for plan in plans for path in (plan.manifest_path, *plan.links)]
    if not paths:
        return {}
    found: dict[str, bytes] = {}
    for path, blob in repository.blobs_of(repository.head(), paths).items():
        content = bytearray()
        repository.export_blob(blob, content.extend)
        found[path] = bytes(content)
    return found
