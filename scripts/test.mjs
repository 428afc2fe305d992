// `npm test`: installs, builds, runs every test that this machine can run, and says at the end what was left out.
// With LLB_TS_REQUIRE=all a test whose needs are missing fails instead.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, ROOT, say, show } from './prepare.mjs';

prepare();

const folder = mkdtempSync(join(tmpdir(), 'llb-ts-results-'));
const results = join(folder, 'results.json');
const skips = join(folder, 'skips.jsonl');
let counts = { passed: 0, failed: 1, skipped: 0 };
try {
  say('running the tests');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  const vitest = [process.execPath, 'node_modules/vitest/vitest.mjs', 'run', ...reporters];
  const [program, ...args] = [...userNamespace(), ...vitest];
  const status = show(program, args, {
    LLB_TS_SKIP_LOG: skips,
    ...(program === process.execPath ? {} : { LLB_TS_ROOTLESS_UID: String(process.getuid()) }),
  });
  if (existsSync(results)) {
    const report = JSON.parse(readFileSync(results, 'utf8'));
    counts = count(report);
    listLeftOut(report);
  }
  // A runner that failed for a reason of its own must not look like a success.
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const leftOutIsFailure = process.env.LLB_TS_REQUIRE === 'all' && counts.skipped > 0;
if (leftOutIsFailure) say('LLB_TS_REQUIRE=all: that tests were left out is a failure');
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed === 0 && !leftOutIsFailure ? 0 : 1;

/**
 * The prefix of a command that runs it as root of a user namespace, as a solve of this user does: empty for root,
 * and on machines that do not let users have one.
 */
function userNamespace() {
  const unshare = ['unshare', '--user', '--map-auto', '--map-root-user', '--mount', '--uts', '--ipc', '--'];
  if (process.getuid() === 0) return [];
  return spawnSync(unshare[0], [...unshare.slice(1), 'true']).status === 0 ? unshare : [];
}

/** A file that could not even be loaded holds no test, and counts as one failure. */
function count(report) {
  const unloaded = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function listLeftOut(report) {
  const skipped = report.testResults.flatMap((file) =>
    file.assertionResults
      .filter((test) => test.status !== 'passed' && test.status !== 'failed')
      .map((test) => ({
        file: file.name.replace(ROOT, ''),
        suites: test.ancestorTitles,
        title: test.fullName,
      })),
  );
  if (skipped.length === 0) return say('nothing was left out');
  say(`left out: ${skipped.length} tests`);
  const notes = existsSync(skips)
    ? readFileSync(skips, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    : [];
  const reasonOf = ({ suites, file }) =>
    notes.find((note) => suites.includes(note.suite))?.reason ?? `their own condition is not met (${file})`;
  const reasons = skipped.map((test) => ({ ...test, reason: reasonOf(test) }));
  for (const reason of new Set(reasons.map((test) => test.reason))) {
    const tests = reasons.filter((test) => test.reason === reason);
    console.log(`  ${tests.length} because ${reason}`);
    for (const name of new Set(tests.map(({ suites, title }) => suites[0] ?? title)))
      console.log(`    - ${name}`);
  }
}
