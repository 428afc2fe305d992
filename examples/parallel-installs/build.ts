// The idea: two installs that know nothing of each other need not wait for each other. Each runs on the same base, at the
// same time; what each did is cut out, and laid over the base together. When one changes, the other is not done again.
//
// Needs the folders of ../debian-root (`node ../debian-root/fetch.mjs`).
import { AddMount, Diff, Merge, Readonly, type State } from 'llb-ts';
import { base, packages, sh } from '../debian-root/root.ts';

const NAMES = ['ed', 'original-awk'] as const;

/** The base after dpkg has installed a package: its files, what its scripts did, and the records of dpkg. */
function afterInstall(name: string): State {
  return base
    .Run(
      // Logs hold times. Without them the result is the same whenever it is made.
      sh(`dpkg --log=/dev/null --install /packages/${name}.deb; rm -f /var/log/*.log /var/lib/dpkg/*-old`),
      AddMount('/packages', packages, Readonly()),
    )
    .Root();
}

const installed = NAMES.map((name) => ({ name, root: afterInstall(name) }));
const merged = Merge(base, ...installed.map(({ root }) => Diff(base, root)));

// A merge knows files, not what is in them: of a file that both wrote, the later one is there. dpkg keeps all its records
// in one such file, so it is put together anew out of what each install left.
const recorded = merged
  .Run(
    sh(
      [
        'cp /from/base/var/lib/dpkg/status /var/lib/dpkg/status',
        ...NAMES.map(
          (name) =>
            `{ echo; dpkg-query --admindir=/from/${name}/var/lib/dpkg --status ${name}; } >> /var/lib/dpkg/status`,
        ),
        // dpkg itself says whether it is content.
        'test -z "$(dpkg --audit)"',
        `dpkg --verify ${NAMES.join(' ')}`,
      ].join('\n'),
    ),
    AddMount('/from/base', base, Readonly()),
    ...installed.map(({ name, root }) => AddMount(`/from/${name}`, root, Readonly())),
  )
  .Root();

export default { default: recorded, merged };
