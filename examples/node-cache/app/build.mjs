// Writes the site of the app: its dependency put to work once, so that what is served is a file.
import { mkdirSync, writeFileSync } from 'node:fs';
import ms from 'ms';

mkdirSync('/site');
writeFileSync('/site/index.html', `<!doctype html>\n<p>A day has ${ms('1d')} ms.</p>\n`);
