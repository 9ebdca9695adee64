import type { ProgramSet } from './program-set.ts';

export const rust: ProgramSet = {
  language: 'rust',
  tools: ['rustc', 'cargo', 'cc'],
  compileMs: 1_500,
  hello: 'fn main() {\n    println!("hello");\n}\n',
  echo: 'use std::io;\n\nfn main() {\n    io::copy(&mut io::stdin(), &mut io::stdout()).unwrap();\n}\n',
  args: 'fn main() {\n    for arg in std::env::args().skip(1) {\n        println!("{arg}");\n    }\n}\n',
  files: {
    'Cargo.toml': '[package]\nname = "words"\nversion = "0.1.0"\nedition = "2021"\n',
    'src/main.rs': 'mod words;\n\nfn main() {\n    println!("{} files", words::TWO);\n}\n',
    'src/words.rs': 'pub const TWO: &str = "two";\n',
  },
  wrong: { code: 'fn main() {\n\n    x();\n}\n', verdict: 'compile-error', file: 'main.rs', line: 3 },
  fails: {
    code: 'fn main() {\n    println!("before");\n    let list: Vec<i32> = Vec::new();\n    println!("{}", list[3]);\n}\n',
    ending: { verdict: 'exit', exitCode: 101, signal: null },
    place: { file: 'main.rs', line: 4 },
  },
  exits: 'fn main() {\n    println!("before");\n    std::process::exit(42);\n}\n',
  unicode:
    'use std::io::{self, Read};\n\nfn main() {\n    let źródło = "źródło 源 😀";\n    let mut rest = String::new();\n    io::stdin().read_to_string(&mut rest).unwrap();\n    println!("{źródło} {} {rest}", std::env::args().nth(1).unwrap());\n}\n',
  loops:
    'fn main() {\n    let mut n = 0u64;\n    loop {\n        n = std::hint::black_box(n.wrapping_add(1));\n    }\n}\n',
  grows:
    'fn main() {\n    let mut kept = Vec::new();\n    loop {\n        kept.push(std::hint::black_box(vec![1u8; 1 << 20]));\n    }\n}\n',
  floods: 'fn main() {\n    loop {\n        println!("flood");\n    }\n}\n',
};
