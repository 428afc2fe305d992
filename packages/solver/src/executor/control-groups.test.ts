import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isInUserNamespace } from '../host/mount.ts';
import { processTag } from '../host/process-tag.ts';
import {
  enterControlGroups,
  holdParentOf,
  leaveControlGroups,
  probeControlGroups,
} from './control-groups.ts';

const { version, isWritable } = probeControlGroups();
const root = version === 2 ? '/sys/fs/cgroup' : '/sys/fs/cgroup/devices';

describe.skipIf(!isWritable || isInUserNamespace() || !fs.existsSync(root))(
  'groups above those of steps',
  () => {
    it('cannot be removed by others while they are held', () => {
      const held = `${root}/buildkit/llb-${processTag()}-held`;
      enterControlGroups();
      enterControlGroups();
      holdParentOf('/buildkit/some-step');
      leaveControlGroups();
      expect(() => fs.rmdirSync(`${root}/buildkit`)).toThrow();
      expect(fs.existsSync(held)).toBe(true);
      leaveControlGroups();
      expect(fs.existsSync(held)).toBe(false);
    });
  },
);
