/** Set up by vitest before each test file: the folders of a file go when its tests and their own hooks are through. */
import { afterAll } from 'vitest';
import { removeTemporaryFolders } from './temporary.ts';

afterAll(removeTemporaryFolders, 120_000);
