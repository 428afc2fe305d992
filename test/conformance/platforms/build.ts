/** Builds for several platforms; `cases.ts` says how each is exported. Times are set, so that bytes can be compared. */
import { Copy, Diff, Merge, Mkdir, Mkfile, Platforms, Rm, Scratch, type State } from 'llb-ts';

const when = { createdTime: new Date('2001-02-03T04:05:06Z') };
const shared = Scratch()
  .File(Mkdir('/app', 0o755, when))
  .File(Mkfile('/app/shared', 0o644, 'the same\n', when));

/** A base that all have, and above it what only this one has. */
function built(name: string): State {
  return shared
    .File(
      Mkfile('/app/name', 0o600, `${name}\n`, when)
        .Symlink('/app/name', '/absolute', when)
        .Symlink('app/name', '/relative', when)
        .Symlink('/../outside', '/upwards', when),
    )
    .ImageConfig({ entrypoint: ['/app/name'], env: { FOR: name } });
}

const only = (name: string) => Scratch().File(Mkfile(`/${name}`, 0o644, name, when));
const withoutShared = shared.File(Rm('/app/shared'));

export default {
  two: Platforms({ 'linux/arm64': built('arm64'), 'linux/amd64': built('amd64') }),
  one: Platforms({ 'linux/arm/v7': built('arm') }),
  // Layers put side by side, and one that removes.
  merged: Platforms({
    'linux/amd64': Merge(shared, only('amd64')),
    'linux/riscv64': Merge(shared, only('riscv64'), Diff(shared, withoutShared)),
    'linux/386': Scratch().File(Copy(shared, '/app', '/moved', { createDestPath: true, ...when })),
  }),
  apart: Platforms({ 'linux/amd64': only('a'), 'linux/arm64': only('b') }),
};
