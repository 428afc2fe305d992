import { spawn } from 'node:child_process';
import { llbTsProgram } from '../../support/solvers.ts';
import { environmentOf, type Rig } from './rig.ts';

/** Keys that are typed when something new has been written. */
export interface Typing {
  readonly after: RegExp;
  readonly keys: string;
}

/** Runs the CLI on a terminal of script(1), and returns what stands on the screen at the end, and all that was written. */
export async function onTerminal(
  rig: Rig,
  args: readonly string[],
  typing: readonly Typing[] = [],
): Promise<{ status: unknown; screen: string; raw: string }> {
  const command = [process.execPath, llbTsProgram(), ...args].join(' ');
  const child = spawn('script', ['-qec', `stty cols 80 rows 24; ${command}`, '/dev/null'], {
    cwd: rig.folder,
    env: { ...environmentOf(rig), TERM: 'xterm' },
  });
  let out = '';
  const left = [...typing];
  let seen = 0;
  child.stdout.on('data', (data: Buffer) => {
    out += data.toString();
    if (!left[0]?.after.test(out.slice(seen))) return;
    seen = out.length;
    child.stdin.write(left.shift()?.keys ?? '');
  });
  const status = await new Promise((done) => child.on('close', done));
  return { status, screen: screenOf(out), raw: out };
}

/** The lines that are left of a picture which is drawn with "up", "clear to the end of the line" and "clear below". */
function screenOf(text: string): string {
  const lines: string[] = [''];
  let row = 0;
  let column = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal reads these
  for (const [token] of text.matchAll(/\x1b\[[?\d]*[A-Za-z]|[^\x1b]/gu)) {
    const line = lines[row] ?? '';
    if (token === '\r') column = 0;
    else if (token === '\n') row++;
    else if (token === '\x1b[J') lines.splice(row);
    else if (token === '\x1b[K') lines[row] = line.slice(0, column);
    else if (token.startsWith('\x1b') && token.endsWith('A')) row -= Number(token.slice(2, -1));
    else if (!token.startsWith('\x1b')) {
      lines[row] = line.padEnd(column).slice(0, column) + token + line.slice(column + 1);
      column++;
    }
  }
  return lines.join('\n');
}
