// The idea: a root filesystem is a folder like any other. This one comes out of Debian packages that `node fetch.mjs`
// unpacks (run it first); no image and no registry has part in it. The examples make-install and parallel-installs build
// on it.
import { Merge } from 'llb-ts';
import { base, compiler, sh } from './root.ts';

export default {
  default: base,
  // Two sets of packages that were unpacked apart are one root when they are laid over each other.
  compiler: Merge(base, compiler),
  // And it runs.
  version: base.Run(sh('cat /etc/debian_version; dpkg-query --show > /versions')).Root(),
};
