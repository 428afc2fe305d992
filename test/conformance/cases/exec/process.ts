/** A process's view of itself and of the system, and the ways in which it may end. */
import {
  AddEnv,
  AddExtraHost,
  AddUlimit,
  Args,
  Diff,
  Dir,
  Hostname,
  NetModeHost,
  NetModeNone,
  Network,
  type RunChange,
  Security,
  SecurityModeInsecure,
  Shlex,
  UlimitNofile,
  UlimitStack,
  User,
  ValidExitCodes,
  With,
} from 'llb-ts';
import { probeList, program } from '../../../../packages/solver/src/executor/testing/probes.ts';
import type { CaseGroup, CaseSource } from '../../case.ts';
import { copy, dir, file, layer, link, on, type Step } from '../../vocabulary.ts';
import { box, changesOf, sh, TOOLS } from './box.ts';

const locals = TOOLS;

function changes(about: string, script: string, ...options: readonly RunChange[]): CaseSource {
  return { about, locals, build: () => changesOf(script, ...options) };
}

/** The identity of a process that runs as `user`, in the root with more in it. */
function identity(about: string, user: string, ...more: readonly Step[]): CaseSource {
  const build = () => {
    const root = on(box(), dir('/out', { mode: 0o777 }), ...more);
    const script = 'id > /out/id; env | grep ^HOME= > /out/home || true; pwd > /out/pwd';
    return layer(copy(root.Run(sh(script), With(User(user))).Root(), '/out', '/'));
  };
  return { about, locals, build };
}

const WHERE = 'pwd > /where; ls -A > /entries';
const script = (text: string) => file('/bin/script', text, { mode: 0o755 });

export const execProcess: CaseGroup = {
  environment: changes(
    'PATH, HOME and what the build says',
    'env | grep "^B=\\|^HOME=\\|^PATH=\\|^PWD=" | sort > /env',
    With(AddEnv('B', 'two words')),
  ),
  'environment-twice': changes(
    'the later value counts',
    'echo "$A" > /a',
    With(AddEnv('A', '1'), AddEnv('A', '2')),
  ),
  'environment-empty': changes(
    'a variable without value is there',
    'env | grep ^A= > /a',
    With(AddEnv('A', '')),
  ),
  'no-path': {
    about: 'without PATH in the build',
    locals,
    build: () => {
      const run = box()
        .With(AddEnv('PATH', ''))
        .Run(Args(['/bin/sh', '-euc', '/bin/env | /bin/grep ^PATH > /path']));
      return layer(copy(run.Root(), '/path', '/'));
    },
  },
  arguments: changes(
    'as they are',
    'true',
    Args(['sh', '-c', 'printf "<%s>" "$@" > /args', 'x', 'a b', '', '$HOME', '"', '*']),
  ),
  shlex: changes('words as the shell has them', 'true', Shlex(`sh -c "echo 'one  two' three > /args"`)),
  'working-folder': changes('of the layer below', WHERE, With(Dir('/d/sub'))),
  'working-folder-new': changes('is made when it is not there', WHERE, With(Dir('/new/folder'))),
  'working-folder-link': changes('a link to a directory', WHERE, With(Dir('/linked'))),
  'working-folder-is-file': changes('fails', WHERE, With(Dir('/d/a'))),
  'relative-program': {
    about: 'is looked for in the working folder',
    locals,
    build: () => {
      const root = on(
        box(),
        dir('/opt'),
        file('/opt/script', '#!/bin/sh\necho ran > /out\n', { mode: 0o755 }),
      );
      return layer(copy(root.Run(Args(['./script']), With(Dir('/opt'))).Root(), '/out', '/'));
    },
  },
  'program-missing': changes('fails', 'true', Args(['nosuchprogram'])),
  'program-is-directory': changes('fails', 'true', Args(['/d'])),
  'program-not-executable': changes('fails', 'true', Args(['/d/a'])),
  'exit-code': changes('fails', 'exit 7'),
  'exit-code-valid': changes(
    'is no failure, and what was written stays',
    'echo x > /x; exit 7',
    ValidExitCodes(0, 7),
  ),
  'exit-code-not-valid': changes('zero is a failure where it is not named', 'echo x > /x', ValidExitCodes(7)),
  killed: changes('by its own hand', 'kill -9 $$'),
  'children-go': changes(
    'what a process leaves running dies with it',
    '(sleep 1000; echo late > /late) & echo now > /now',
  ),
  umask: changes('022', 'umask > /umask; : > /file; mkdir /folder'),
  'process-id': changes('the process is the first', 'echo $$ > /pid'),
  'host-name': changes('as the build says', 'hostname > /name', With(Hostname('builder'))),
  'host-name-default': changes('buildkitsandbox', 'hostname > /name'),
  hosts: changes('can be looked up and leaves no trace', 'grep -c localhost /etc/hosts > /count'),
  'extra-hosts': changes(
    'are in /etc/hosts',
    'grep example /etc/hosts > /found',
    AddExtraHost('one.example', '192.0.2.1'),
    AddExtraHost('two.example', '2001:db8::1'),
  ),
  'open-files': changes(
    'limits',
    'ulimit -Sn > /soft; ulimit -Hn > /hard; ulimit -Ss > /stack',
    AddUlimit(UlimitNofile, 70, 80),
    AddUlimit(UlimitStack, 1 << 20, 1 << 21),
  ),
  'open-files-default': changes('1024 of 1048576', 'ulimit -Sn > /soft; ulimit -Hn > /hard'),
  capabilities: changes(
    'of root',
    'grep ^Cap /proc/self/status > /caps; grep ^NoNewPrivs /proc/self/status > /privs',
  ),
  'capabilities-user': changes(
    'of a user',
    'cd /tmp; grep ^Cap /proc/self/status > caps',
    With(User('alice')),
  ),
  confined: {
    about: 'what system calls answer that would leave the root, as root and as a user',
    locals,
    build: () => {
      // Numbers of errors, as bytes behind the names of the calls (`probes.ts`).
      const root = on(
        box(),
        dir('/mnt'),
        file('/bin/probe', program!, { mode: 0o755 }),
        file('/list', probeList()),
      );
      const answers = 'probe 3< /list > /answers; chmod u+s /bin/probe';
      const ofUser = 'id -u > /tmp/id; (probe 3< /list) > /tmp/answers';
      return Diff(
        root,
        root
          .Run(sh(answers))
          .Run(sh(ofUser), With(User('alice')))
          .Root(),
      );
    },
  },
  seccomp: changes('system calls are filtered', 'grep ^Seccomp: /proc/self/status > /mode'),
  'no-mounts': changes(
    'a process cannot mount',
    'mount -t tmpfs none /tmp 2>/dev/null && echo can > /mount || echo cannot > /mount',
  ),
  'masked-paths': changes(
    'of /proc and /sys',
    'for p in kcore keys timer_list sched_debug; do if [ -e /proc/$p ]; then wc -c < /proc/$p; else echo -; fi; done > /out; ls -A /proc/acpi /proc/scsi /sys/firmware 2>/dev/null | grep -v : | wc -w >> /out',
  ),
  'read-only-paths': changes(
    'of /proc and /sys',
    '(echo 1 > /proc/sys/kernel/ngroups_max) 2>/dev/null || echo no > /sysctl; (mkdir /sys/x) 2>/dev/null || echo no > /sys-folder',
  ),
  devices: changes(
    'in /dev',
    'ls -A /dev | grep -v otel | sort | tr "\\n" " " > /dev-names; stat -c "%n %a %t:%T" /dev/null /dev/zero /dev/tty > /dev-kinds',
  ),
  'device-made': changes('a node may be made', 'mknod /null c 1 3'),
  'dev-shm': changes('shared memory is no part of the layer', 'echo x > /dev/shm/x; cat /dev/shm/x > /x'),
  'network-none': changes(
    'only the loopback',
    'grep -o "[a-z0-9]*:" /proc/net/dev > /devices',
    With(Network(NetModeNone)),
  ),
  'network-host': {
    about: 'is to be allowed',
    locals,
    allow: ['network.host'],
    build: () => changesOf('hostname > /name', With(Network(NetModeHost))),
  },
  'network-host-refused': changes('without leave', 'true', With(Network(NetModeHost))),
  insecure: {
    about: 'may mount, and has all capabilities',
    locals,
    allow: ['security.insecure'],
    build: () =>
      changesOf(
        'mount -t tmpfs none /tmp; echo x > /tmp/x; umount /tmp; echo could > /mount',
        With(Security(SecurityModeInsecure)),
      ),
  },
  'insecure-refused': changes('without leave', 'true', With(Security(SecurityModeInsecure))),
  'user-by-name': identity('with the groups of /etc/group', 'alice'),
  'user-by-number': identity('the home of /etc/passwd', '1000'),
  'user-with-group': identity('a group by name', 'alice:staff'),
  'user-numbers': identity('nobody knows them', '1234:5678'),
  'user-only-number': identity('group 0', '1234'),
  'user-unknown': identity('fails', 'nobody-of-this-name'),
  'user-unknown-group': identity('fails', 'alice:no-such-group'),
  'user-root': identity('as without user', 'root'),
  'user-no-files': identity('without /etc/passwd', '1000', (before) =>
    before!.Rm('/etc/passwd').Rm('/etc/group'),
  ),
  'user-comments': identity(
    'lines that are no users',
    'bob',
    file('/etc/passwd', '# a comment\n\nbob:x:77:78::/h\nbob:x:1:1::/:\n'),
  ),
  'user-writes': changes(
    'own files, where it may',
    'echo x > /tmp/mine; (echo x > /d/new) 2>/dev/null || echo refused > /tmp/refused',
    With(User('alice')),
  ),
  interpreter: {
    about: 'a script with its interpreter',
    locals,
    build: () => {
      const root = on(box(), script('#!/bin/sh\necho "$0 $1" > /out\n'));
      return layer(copy(root.Run(Args(['script', 'one'])).Root(), '/out', '/'));
    },
  },
  'interpreter-missing': {
    about: 'fails',
    locals,
    build: () =>
      on(box(), script('#!/bin/nosuch\n'))
        .Run(Args(['script']))
        .Root(),
  },
  'no-such-root': {
    about: 'nothing to run in an empty root',
    locals,
    build: () =>
      layer(link('x', '/y'))
        .Run(Args(['/bin/true']))
        .Root(),
  },
};
