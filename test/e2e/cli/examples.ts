/** A build file with a target for each thing that tests look at. */
export const build = `import { Copy, Local, Merge, Mkfile, Scratch } from 'llb-ts';
const hello = Scratch().File(Mkfile('/hello', 0o644, 'hello\\n'));
export default {
  merged: Merge([hello, Scratch().File(Mkfile('/b', 0o600, 'bb'))]),
  failing: hello
    .File(Copy(hello, '/nosuch', '/app')),
  folder: Scratch().File(Copy(Local('src', { dir: './files' }), '/', '/')),
};
`;

/** The last line of a solve; its groups are: ran, cached, layers, size, places. */
export const summary =
  /^solved in \d+\.\ds: (\d+) ran, (\d+) cached; (\d+) layers?, ([\d.]+ [kM]?B)( → .*)?$/m;
