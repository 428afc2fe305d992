#!/usr/bin/env node
// An old Node must be able to parse this file to say that it is too old: no syntax beyond Node 12, no static imports.
// `npm test` compares the version with `engines` of package.json.
var required = [20, 19];
var running = process.versions.node.split('.').map(Number);

if (running[0] > required[0] || (running[0] === required[0] && running[1] >= required[1])) {
  import('../dist/main.js').then((program) => program.main(process.argv.slice(2)));
} else {
  process.stderr.write(
    'error: llb-ts needs Node ' +
      required.join('.') +
      ' or newer; this is ' +
      process.version +
      '\n   help   install a newer Node, or let npm bring one: npx -p node@22 -p llb-ts llb-ts --version\n',
  );
  process.exit(3);
}
