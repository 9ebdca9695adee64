import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cargoTarget } from '../src/manifest.ts';

const named = '[workspace]\n[package]\nversion = "1.0.0"\nname = "hello-x"\n';

function target(entry: string, files: Record<string, string>) {
  return cargoTarget(
    entry,
    Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) })),
  );
}

test('a program belongs to the package around it, and is the one that its place says', () => {
  const table: [string, Record<string, string>, unknown][] = [
    ['main.rs', { 'main.rs': '' }, undefined],
    ['app/main.rs', { 'app/main.rs': '', 'other/Cargo.toml': named }, undefined],
    ['src/main.rs', { 'Cargo.toml': named, 'src/main.rs': '' }, { manifest: 'Cargo.toml', selection: [] }],
    ['a/b/src/main.rs', { 'a/b/Cargo.toml': named, 'Cargo.toml': '' }, { manifest: 'a/b/Cargo.toml', selection: [] }],
    ['src/bin/two.rs', { 'Cargo.toml': named }, { manifest: 'Cargo.toml', selection: ['--bin', 'two'] }],
    ['src/bin/two/main.rs', { 'Cargo.toml': named }, { manifest: 'Cargo.toml', selection: ['--bin', 'two'] }],
    ['examples/x.rs', { 'Cargo.toml': named }, { manifest: 'Cargo.toml', selection: ['--example', 'x'] }],
    [
      'src/main.rs',
      { 'Cargo.toml': named, 'src/main.rs': '', 'src/bin/two.rs': '' },
      { manifest: 'Cargo.toml', selection: ['--bin', 'hello-x'] },
    ],
    [
      'src/main.rs',
      { 'Cargo.toml': '[workspace]\n', 'src/main.rs': '', 'src/bin/two.rs': '' },
      { manifest: 'Cargo.toml', selection: [] },
    ],
  ];
  for (const [entry, files, expected] of table) assert.deepEqual(target(entry, files), expected, entry);
});
