// Writes packages/solver/src/executor/seccomp/seccomp-programs.ts: the filters of system calls as the kernel takes them.
// Needs libseccomp, of which a newer one knows more system calls.
import { writeFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { compilePrograms } from '../packages/solver/src/executor/seccomp/seccomp-compile.ts';

const compiled = compilePrograms();
if (!compiled) throw new Error('libseccomp is missing: apt-get install libseccomp2');

const entries = Object.entries(compiled.programs).map(([arch, program]) => {
  const lines = deflateRawSync(program, { level: 9 })
    .toString('base64')
    .match(/.{1,108}/g);
  return `  ${arch}: [\n${lines.map((line) => `    '${line}',\n`).join('')}  ],\n`;
});
writeFileSync(
  new URL('../packages/solver/src/executor/seccomp/seccomp-programs.ts', import.meta.url),
  `/** Made by \`pnpm seccomp:update\` from \`seccomp-profile.ts\`, with this version of libseccomp. */
export const MADE_WITH = '${compiled.libseccomp}';

/** Programs for \`seccomp(2)\` by Node's name of the architecture, deflated, in base64. */
export const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
${entries.join('')}};
`,
);
