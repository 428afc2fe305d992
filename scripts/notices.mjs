import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

/** Licenses whose text must come with copies, and nothing more. */
const ALLOWED = ['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD'];

/**
 * The notices of the packages that bundled files belong to, each with its license as the package ships it. Fails for a
 * package without a license text, or under a license that nobody has looked at.
 * @param {readonly string[]} files relative to `root`
 * @param {string} root
 */
export function noticesOf(files, root) {
  const folders = new Set(files.map(packageFolder).filter((folder) => folder !== undefined));
  const packages = [...folders].map((folder) => describe(join(root, folder)));
  packages.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const parts = packages.map(
    ({ name, license, text }) => `${'-'.repeat(80)}\n${name} (${license})\n\n${text.trim()}\n`,
  );
  return `llb-ts contains code of these packages, under their licenses.\n\n${parts.join('\n')}`;
}

/** The folder of the package that a file belongs to; undefined for our own. */
function packageFolder(file) {
  const parts = file.split(/[\\/]/);
  const at = parts.lastIndexOf('node_modules');
  if (at < 0) return undefined;
  return parts.slice(0, at + (parts[at + 1].startsWith('@') ? 3 : 2)).join(sep);
}

function describe(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (!ALLOWED.includes(license)) throw new Error(`${name} is bundled, but its license is ${license}`);
  const texts = readdirSync(folder).filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file));
  const all = texts.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return {
    name: `${name} ${version}`,
    license,
    text: all.length > 0 ? all.join('\n\n') : inReadme(folder, name),
  };
}

/** Some keep the text in their README only. */
function inReadme(folder, name) {
  const file = readdirSync(folder).find((one) => /^readme/i.test(one));
  const text = file && /^#+ *licen[cs]e\b.*\n([\s\S]*)/im.exec(readFileSync(join(folder, file), 'utf8'))?.[1];
  if (!text) throw new Error(`${name} is bundled, but ships no license text`);
  return text;
}
