"""What one artifact's folder holds, decided from the row, the files git has, and the hashes read.

Spec: folder layout, friendly names, edge cases and failure modes of the folder migration. All of it is pure:
`rows` is what is read of an artifact and `tree` what git has; `resolving` finds an artifact's files, `hashes`
says which sha256 they must have, `layout` where a folder lies and where its links lead, `names` what a file
is called in it, `manifest` what the folder says about itself, `planning` puts that together as the change of
one artifact, and `statuses` has the words for how it went.
"""
