import { suggestion } from '@llb-ts/llb';
import { Argument, Command, CommanderError, Option } from 'commander';
import type { BuildOptions } from './commands/build.ts';
import type { OnError } from './commands/failure-shell.ts';
import type { InspectOptions } from './commands/inspect.ts';
import type { ProgressMode } from './display/choose.ts';
import { usageError } from './error/cli-error.ts';
import type { InputFlags } from './options/inputs.ts';
import type { Interrupts } from './process/interrupts.ts';

// Everything behind a command is imported when the command runs, so that none waits for the code of another.

const FILE = 'build file (.ts, .js), definition, or - for a definition on standard input (default: build.ts)';
const TARGET = 'which target, where the build file exports several';

/** The command line of `llb-ts`. Parsing fails with a `CliError`, or a `CommanderError` of exit code 0 after help. */
export function commandLine(version: string, interrupts: Interrupts): Command {
  const program = new Command('llb-ts')
    .description('Container builds in TypeScript: write LLB, solve it here on overlayfs.')
    .version(version, '-V, --version', 'print the version')
    .usage('COMMAND [FILE] [TARGET] [flags]')
    .helpCommand(false)
    .addHelpText(
      'after',
      '\nExample:\n  llb-ts solve build.ts -o out\n\nllb-ts COMMAND --help shows the flags of a command.',
    )
    .argument('[command]')
    .argument('[words...]')
    .action((word?: string) => {
      if (word !== undefined) throw unknownCommand(word, program);
      program.help();
    });
  hideArguments(program);
  program.addCommand(solveCommand(interrupts));
  program.addCommand(marshalCommand());
  program.addCommand(inspectCommand());
  program.addCommand(lockCommand(interrupts));
  program.addCommand(helpCommand(program));
  for (const command of [program, ...program.commands]) {
    command
      .helpOption('-h, --help', 'show help')
      .exitOverride()
      .configureOutput({ outputError: () => {} });
  }
  return program;
}

function solveCommand(interrupts: Interrupts): Command {
  return withBuildFlags(
    new Command('solve').description('solve a build and export its result').optionsGroup('Result:'),
    (command) =>
      command
        .addOption(
          list(
            '-o, --output <spec>',
            'where the result goes: DIR, - (tar to standard output), or type=local|tar|oci|docker|image,dest=…',
          ),
        )
        .option('--metadata-file <file>', 'write what the exporters answer as JSON'),
  )
    .optionsGroup('Inputs:')
    .addOption(localFlag())
    .addOption(ociLayoutFlag())
    .addOption(secretFlag())
    .addOption(sshFlag())
    .addOption(lockedFlag())
    .optionsGroup('Solving:')
    .addOption(allowFlag())
    .option('--no-cache', 'run every step again')
    .addOption(progressFlag())
    .addOption(
      choice('--snapshotter <name>', 'how filesystems are made', ['auto', 'overlay', 'native'], 'auto'),
    )
    .addOption(
      choice(
        '--on-error <what>',
        'when a process fails: end, or open a shell there',
        ['fail', 'shell'],
        'fail',
      ),
    )
    .option(
      '--executor <name>',
      'what runs processes: auto, crun, runc, the path of one, or sandbox (default: auto)',
    )
    .addOption(stateDirFlag())
    .addOption(
      new Option(
        '--jobs <n>',
        'steps at work at one time, processes included (default: processes without limit, file operations as processors)',
      ).argParser(parseJobs),
    )
    .addHelpText('after', '\nExample:\n  llb-ts solve build.ts app -o out --local src=.')
    .action(async (file: string | undefined, target: string | undefined, flags: SolveFlags) => {
      const { solve } = await import('./commands/solve.ts');
      await solve(
        file,
        target,
        {
          ...buildOptions(flags),
          ...inputFlags(flags),
          output: flags.output ?? [],
          cache: flags.cache,
          progress: flags.progress,
          metadataFile: flags.metadataFile,
          onError: flags.onError,
          backend: {
            stateDir: flags.stateDir,
            jobs: flags.jobs,
            snapshotter: flags.snapshotter,
            executor: flags.executor,
          },
        },
        interrupts,
      );
    });
}

function marshalCommand(): Command {
  return withBuildFlags(
    new Command('marshal').description('write the definition that a build describes').optionsGroup('Result:'),
    (command) =>
      command
        .option('-o, --output <file>', 'file to write (default: standard output)')
        .optionsGroup('Inputs:')
        .addOption(localFlag())
        .addOption(lockedFlag()),
  )
    .addHelpText(
      'after',
      '\nExample:\n  llb-ts marshal build.ts | buildctl build --output type=local,dest=out',
    )
    .action(
      async (
        file: string | undefined,
        target: string | undefined,
        flags: BuildFlags & { readonly output?: string },
      ) => {
        const { marshal } = await import('./commands/marshal.ts');
        await marshal(file, target, { ...buildOptions(flags), output: flags.output });
      },
    );
}

function inspectCommand(): Command {
  return withBuildFlags(
    new Command('inspect').description('show the graph of a build or a definition').optionsGroup('Result:'),
    (command) =>
      command
        .addOption(
          choice('--format <format>', 'how to show it', ['table', 'json', 'dot', 'mermaid'], 'table'),
        )
        .option('--digest <prefix>', 'one step in full: the beginning of its digest, or #NUMBER')
        .optionsGroup('Inputs:')
        .addOption(localFlag())
        .addOption(lockedFlag()),
  )
    .addHelpText('after', '\nExample:\n  llb-ts inspect build.ts --format mermaid')
    .action(async (file: string | undefined, target: string | undefined, flags: InspectFlags) => {
      const { inspect } = await import('./commands/inspect.ts');
      await inspect(file, target, { ...buildOptions(flags), format: flags.format, digest: flags.digest });
    });
}

function lockCommand(interrupts: Interrupts): Command {
  return withBuildFlags(
    new Command('lock')
      .description('write what the sources of a build are now, for solve --locked')
      .optionsGroup('Result:'),
    (command) =>
      command
        .option('--check', 'write nothing, and fail where llb.lock.json says something else')
        .optionsGroup('Inputs:')
        .addOption(localFlag())
        .addOption(ociLayoutFlag())
        .addOption(secretFlag())
        .addOption(sshFlag()),
  )
    .optionsGroup('Solving:')
    .addOption(allowFlag())
    .addOption(progressFlag())
    .addOption(stateDirFlag())
    .addHelpText('after', '\nExample:\n  llb-ts lock build.ts && llb-ts solve build.ts --locked')
    .action(async (file: string | undefined, target: string | undefined, flags: LockFlags) => {
      const [{ lock }, { defaultChoice }] = await Promise.all([
        import('./commands/lock.ts'),
        import('./backend/backends.ts'),
      ]);
      await lock(
        file,
        target,
        {
          ...buildOptions(flags),
          ...inputFlags(flags),
          progress: flags.progress,
          check: flags.check ?? false,
          backend: { ...defaultChoice, stateDir: flags.stateDir },
        },
        interrupts,
      );
    });
}

function helpCommand(program: Command): Command {
  return new Command('help')
    .description('show what a build file takes, without running it; or help on a command')
    .addArgument(new Argument('[file]', 'build file, or a command'))
    .addOption(choice('--format <format>', 'how to show it', ['table', 'json'], 'table'))
    .addHelpText('after', '\nExample:\n  llb-ts help build.ts')
    .action(async (word: string | undefined, { format }: { format: 'table' | 'json' }) => {
      if (word === undefined) program.help();
      const command = program.commands.find((one) => one.name() === word);
      if (command) command.help();
      const { existsSync } = await import('node:fs');
      if (!existsSync(word) && !/[./]/.test(word)) throw unknownCommand(word, program);
      const { helpFile } = await import('./commands/help.ts');
      await helpFile(word, { format });
    });
}

interface BuildFlags {
  readonly target?: string;
  readonly arg?: readonly string[];
  readonly local?: readonly string[];
  readonly platform?: readonly string[];
  readonly locked?: boolean;
}

/** Things of this machine that a solve may have, besides folders. */
interface MachineFlags {
  readonly ociLayout?: readonly string[];
  readonly secret?: readonly string[];
  readonly ssh?: readonly string[];
  readonly allow?: readonly string[];
}

interface LockFlags extends BuildFlags, MachineFlags {
  readonly check?: boolean;
  readonly progress: ProgressMode;
  readonly stateDir?: string;
}

interface InspectFlags extends BuildFlags {
  readonly format: InspectOptions['format'];
  readonly digest?: string;
}

interface SolveFlags extends BuildFlags, MachineFlags {
  readonly output?: readonly string[];
  readonly cache: boolean;
  readonly progress: ProgressMode;
  readonly metadataFile?: string;
  readonly onError: OnError;
  readonly stateDir?: string;
  readonly jobs?: number;
  readonly snapshotter: 'auto' | 'overlay' | 'native';
  readonly executor?: string;
}

/** The arguments and flags of every command that reads a build. */
function withBuildFlags(command: Command, own: (command: Command) => Command): Command {
  const described = command
    .addArgument(new Argument('[file]', FILE))
    .addArgument(new Argument('[target]', TARGET));
  return own(described)
    .optionsGroup('Build file:')
    .option('--target <name>', TARGET)
    .addOption(list('--arg <name=value>', 'argument of the build file (see llb-ts help FILE)'))
    .addOption(list('--platform <platform>', 'os/arch, or several with commas: what to build for'));
}

function buildOptions({ target, arg, local, platform, locked }: BuildFlags): BuildOptions {
  return { target, arg: arg ?? [], local: local ?? [], platform: platform ?? [], locked: locked ?? false };
}

function inputFlags({ ociLayout, secret, ssh, allow }: MachineFlags): Omit<InputFlags, 'local'> {
  return { ociLayout: ociLayout ?? [], secret: secret ?? [], ssh: ssh ?? [], allow: allow ?? [] };
}

function ociLayoutFlag(): Option {
  return list('--oci-layout <name=dir>', 'OCI layout that OCILayout(name) reads');
}

function allowFlag(): Option {
  return list('--allow <entitlement>', 'grant network.host, security.insecure or device');
}

function lockedFlag(): Option {
  return new Option('--locked', 'build from what llb.lock.json says, and from nothing else');
}

function secretFlag(): Option {
  return list('--secret <spec>', 'id=ID[,src=FILE|env=VAR]: what a secret mount shows');
}

function sshFlag(): Option {
  return list('--ssh <spec>', 'ID[=SOCKET]: SSH agent that a step may use');
}

function progressFlag(): Option {
  const modes = ['auto', 'tty', 'plain', 'quiet', 'rawjson'];
  return choice('--progress <mode>', 'how to show what happens', modes, 'auto');
}

function stateDirFlag(): Option {
  return new Option(
    '--state-dir <dir>',
    'where results are kept (default: LLB_TS_STATE_DIR, else /var/lib/llb-ts, without root ~/.local/share/llb-ts)',
  );
}

function localFlag(): Option {
  return list('--local <name=dir>', 'folder that Local(name) reads');
}

/** A flag that may be repeated; each value is kept as it is, commas and all. */
function list(flags: string, description: string): Option {
  return new Option(flags, `${description} (repeatable)`).argParser(
    (value: string, before: string[] | undefined) => [...(before ?? []), value],
  );
}

function choice(flags: string, description: string, values: readonly string[], byDefault: string): Option {
  const name = /--[\w-]+/.exec(flags)?.[0] ?? flags;
  return new Option(flags, `${description}: ${values.join(', ')}`)
    .default(byDefault)
    .argParser((value: string) => {
      if (values.includes(value)) return value;
      throw usageError(`${name} ${value}: there is no such choice`, suggestion(value, values));
    });
}

function parseJobs(text: string): number {
  const jobs = Number(text);
  if (Number.isInteger(jobs) && jobs > 0) return jobs;
  throw usageError(`--jobs ${text}: expected a whole number above 0`);
}

function unknownCommand(word: string, program: Command): Error {
  const names = program.commands.map((command) => command.name());
  const looksLikeFile = /[./]/.test(word);
  return usageError(
    `unknown command ${JSON.stringify(word)}`,
    looksLikeFile ? `to solve a file: llb-ts solve ${word}` : suggestion(word, names),
  );
}

/** The program's own arguments only catch unknown commands; help must not show them. */
function hideArguments(program: Command): void {
  program.configureHelp({ visibleArguments: () => [] });
}

/** Commander's complaint about the words, as an error of ours; undefined when it only printed help. */
export function parseError(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error;
  if (error.exitCode === 0 || error.code === 'commander.help') return undefined;
  const [first = '', ...rest] = error.message.split('\n');
  const help = /^\(Did you mean (.*)\?\)$/.exec(rest.join(' '))?.[1];
  return usageError(first.replace(/^error: /, ''), help === undefined ? undefined : `did you mean ${help}?`);
}
