// The idea: trees that come from different places are laid over each other as they are. A merge copies nothing and
// looks at no file, however large its inputs; the later tree wins, and a tree may also take things away.
//
// It builds a web root out of three npm packages (what the lockfile installed) and a few files of its own.
import { Copy, Diff, Local, Merge, Mkdir, Rm, Scratch, type State, Symlink } from 'llb-ts';

const WWW = '/srv/www';

/** A folder of this machine as a tree that has it at `place`. */
function at(place: string, folder: State): State {
  return Scratch().File(
    Mkdir(place, 0o755, { makeParents: true }).Copy(folder, '/', place, { copyDirContentsOnly: true }),
  );
}

// Three trees that know nothing of each other. `dir` says where a folder is unless `--local NAME=DIR` does.
const bootstrap = at(WWW, Local('bootstrap', { dir: 'node_modules/bootstrap/dist' }));
const darkly = at(
  `${WWW}/css`,
  Local('bootswatch', { dir: 'node_modules/bootswatch/dist/darkly', includePatterns: ['*.css', '*.map'] }),
);
const htmx = at(
  `${WWW}/js`,
  Local('htmx', { dir: 'node_modules/htmx.org/dist', includePatterns: ['htmx.min.js', 'ext/*.js'] }),
);

const pages = Scratch().File(
  Mkdir(WWW, 0o755, { makeParents: true }).Mkfile(
    `${WWW}/index.html`,
    0o644,
    '<!doctype html>\n<link rel="stylesheet" href="/css/bootstrap.min.css">\n<script src="/js/htmx.min.js"></script>\n<h1>Merged</h1>\n',
  ),
);

// A tree of nothing but deletions: what has to be laid over `bootstrap` to be rid of its maps and right-to-left
// variants. It deletes these names from whatever lies below it, so the theme's maps go too.
const trim = Diff(
  bootstrap,
  bootstrap.File(
    Rm(`${WWW}/*/*.map`, { allowWildcard: true }).Rm(`${WWW}/css/*.rtl*`, { allowWildcard: true }),
  ),
);

/** A root with busybox, where the machine has a static one; else with what every root has. */
function root(busybox: boolean): State {
  const base = Scratch().File(
    Mkdir('/etc', 0o755)
      .Mkfile('/etc/passwd', 0o644, 'root:x:0:0:root:/root:/bin/sh\n')
      .Mkfile('/etc/group', 0o644, 'root:x:0:\n')
      .Mkdir('/tmp', 0o777)
      .Mkdir('/bin', 0o755),
  );
  if (!busybox) return base;
  const binary = Local('busybox', { dir: '/bin', includePatterns: ['busybox'] });
  return base.File(
    Copy(binary, '/busybox', '/bin/').Symlink('busybox', '/bin/sh').Symlink('busybox', '/bin/httpd'),
  );
}

/** Arguments of the build: `--arg busybox=true`. */
interface Arguments {
  /** Put the busybox of this machine into the root. Default: false. */
  readonly busybox?: boolean;
}

export default function build({ busybox = false }: Arguments) {
  // Lowest first: `darkly` overrides bootstrap's css, `trim` deletes from both, `pages` adds.
  const site = Merge(root(busybox), bootstrap, darkly, htmx, trim, pages).File(
    Symlink('index.html', `${WWW}/home.html`),
  );
  // The changes from bootstrap to the site: a computed diff, since the two share no chain.
  return { default: site, changes: Diff(bootstrap, site) };
}
