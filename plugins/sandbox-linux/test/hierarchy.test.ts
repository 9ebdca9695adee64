import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findHierarchies } from '../src/hierarchy.ts';

const mount = (root: string, point: string, type: string, options: string): string =>
  `31 23 0:28 ${root} ${point} rw,relatime shared:1 - ${type} ${type} ${options}`;
const lines = (...all: string[]): string => `${all.join('\n')}\n`;

describe('findHierarchies', () => {
  it('sees version 2 alone', () => {
    assert.deepEqual(
      findHierarchies(
        lines(mount('/', '/sys/fs/cgroup', 'cgroup2', 'rw,nsdelegate')),
        lines('0::/user.slice/user-1000.slice/x.scope'),
      ),
      [{ version: 2, controllers: [], ownFolder: '/sys/fs/cgroup/user.slice/user-1000.slice/x.scope' }],
    );
  });

  it('sees version 1, with controllers of one mount together', () => {
    assert.deepEqual(
      findHierarchies(
        lines(
          mount('/', '/sys/fs/cgroup', 'tmpfs', 'rw'),
          mount('/', '/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'rw,cpu,cpuacct'),
          mount('/', '/sys/fs/cgroup/memory', 'cgroup', 'rw,memory'),
        ),
        lines('4:memory:/jobs/one', '3:cpu,cpuacct:/', '2:freezer:/', 'nonsense'),
      ),
      [
        { version: 1, controllers: ['memory'], ownFolder: '/sys/fs/cgroup/memory/jobs/one' },
        { version: 1, controllers: ['cpu', 'cpuacct'], ownFolder: '/sys/fs/cgroup/cpu,cpuacct' },
      ],
    );
  });

  it('sees both at once', () => {
    const found = findHierarchies(
      lines(mount('/', '/cg/pids', 'cgroup', 'rw,pids'), mount('/', '/cg/unified', 'cgroup2', 'rw')),
      lines('1:pids:/a', '0::/b'),
    );
    assert.deepEqual(
      found.map(({ version, ownFolder }) => [version, ownFolder]),
      [
        [1, '/cg/pids/a'],
        [2, '/cg/unified/b'],
      ],
    );
  });

  it('follows mounts that show a part of the hierarchy, and skips what they do not show', () => {
    const own = lines('4:memory:/docker/abc/job');
    const at = (root: string) =>
      findHierarchies(lines(mount(root, '/cg/memory', 'cgroup', 'rw,memory')), own).map((h) => h.ownFolder);
    assert.deepEqual(at('/docker/abc'), ['/cg/memory/job']);
    assert.deepEqual(at('/docker/abc/job'), ['/cg/memory']);
    assert.deepEqual(at('/docker/ab'), []);
    assert.deepEqual(findHierarchies(lines(mount('/', '/cg', 'cgroup2', 'rw')), lines('0::/../outside')), []);
  });

  it('understands blanks in paths, and finds nothing in nothing', () => {
    const [found] = findHierarchies(lines(mount('/', '/my\\040cg', 'cgroup2', 'rw')), lines('0::/'));
    assert.equal(found?.ownFolder, '/my cg');
    assert.deepEqual(findHierarchies('', ''), []);
    assert.deepEqual(findHierarchies('garbage - x', '0::/'), []);
  });
});
