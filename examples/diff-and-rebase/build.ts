// The idea: what leads from one state to another is a state itself. `Diff` cuts a change out of where it was made, with
// its deletions, and `Merge` lays it over another base: a rebase, without running the steps again.
import { Diff, Merge, Mkdir, Mkfile, Scratch } from 'llb-ts';

const oldBase = Scratch().File(
  Mkdir('/etc/app', 0o755, { makeParents: true })
    .Mkfile('/etc/os-release', 0o644, 'VERSION=1\n')
    .Mkfile('/etc/app/app.conf', 0o644, 'colour = grey\n')
    .Mkfile('/etc/app/legacy.conf', 0o644, 'legacy = yes\n'),
);

// The work: somebody configured the application on the old base.
const configured = oldBase.File(
  Mkfile('/etc/app/app.conf', 0o644, 'colour = green\n')
    .Rm('/etc/app/legacy.conf')
    .Mkdir('/var/lib/app', 0o750, { makeParents: true }),
);

// Only what changed: one file rewritten, one deleted, a directory added. Seen on its own, a deletion shows nothing.
const change = Diff(oldBase, configured);

// A new base comes out. It does not know of the change, and the change does not know of it.
const newBase = Scratch().File(
  Mkdir('/etc/app', 0o755, { makeParents: true })
    .Mkfile('/etc/os-release', 0o644, 'VERSION=2\n')
    .Mkfile('/etc/app/app.conf', 0o644, 'colour = grey\nsize = large\n')
    .Mkfile('/etc/app/legacy.conf', 0o644, 'legacy = yes\n')
    .Mkfile('/etc/app/new.conf', 0o644, 'new = yes\n'),
);

export default { default: Merge(newBase, change), change };
