import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mainClass, outline, publicType } from '../src/outline.ts';

const main = 'public static void main(String[] args) {}';

/** [what it shows, source, stem of the file, class that is run, type that the file is named after] */
const table: [string, string, string, string, string | undefined][] = [
  ['the only class', `class A { ${main} }`, 'x', 'A', undefined],
  ['a package', `package a . b;\nclass A { ${main} }`, 'A', 'a.b.A', undefined],
  ['an annotated package', `@Deprecated(since = "1") package a;\nenum A { X; ${main} }`, 'A', 'a.A', undefined],
  ['the class named like the file', `class A { ${main} } class B { ${main} }`, 'B', 'B', undefined],
  ['the public class', `class A { ${main} } public final class B { ${main} }`, 'x', 'B', 'B'],
  ['the first class with a main', `public class A {} record B(int x) { ${main} }`, 'A', 'B', 'A'],
  ['an interface', `interface A { static void main(String... args) {} }`, 'x', 'A', undefined],
  [
    'a main in a nested class does not count',
    `class A { class B { ${main} } } class C { ${main} }`,
    'x',
    'C',
    undefined,
  ],
  ['no main at all', 'class A {}\npublic class B {}', 'B', 'B', 'B'],
  ['nothing', '', 'Main', 'Main', undefined],
  ['a main outside any class', 'int x;\nvoid main() { }\nclass Helper {}', 'Main', 'Main', undefined],
  [
    'comments and literals',
    `/* class X { */ // class Y {\nclass A { String s = "class Z { \\" {"; char c = '{'; ${main} }`,
    'x',
    'A',
    undefined,
  ],
  ['text blocks', `class A { String s = """\n  } class X { \\""" " """; ${main} }`, 'x', 'A', undefined],
  ['annotations with classes', `@Of(value = {B.class}, with = @In({1})) class A { ${main} }`, 'x', 'A', undefined],
  ['a call is no declaration', `class A { int main = main(1); }\nclass B { ${main} }`, 'x', 'B', undefined],
  ['names beyond ASCII', `class Größe$1 { ${main} }`, 'x', 'Größe$1', undefined],
  ['what is opened and not closed', `class A { ${main} } /* class B { `, 'x', 'A', undefined],
];

describe('the outline of a source file', () => {
  for (const [name, source, stem, run, named] of table)
    test(name, () => {
      const found = outline(source);
      assert.equal(mainClass(found, stem), run);
      assert.equal(publicType(found), named);
    });
  test('is read in one pass, whatever is opened and not closed', () => {
    for (const open of ['/*', '"""', '"', "'", '{', '(', '@', 'class ']) {
      const { types } = outline(open.repeat(500_000));
      assert.ok(types.length < 500_000);
    }
    assert.equal(outline('package a.b').package, '');
  });
});
