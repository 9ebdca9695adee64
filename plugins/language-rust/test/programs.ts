import type { LanguagePrograms } from '@soulbox/plugin-sdk/conformance';

const inspect = `
use std::io::Read;

fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '"' | '\\\\' => format!("\\\\{c}"),
            '\\n' => "\\\\n".to_string(),
            _ => c.to_string(),
        })
        .collect();
    format!("\\"{escaped}\\"")
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).map(|arg| quoted(&arg)).collect();
    let mark = quoted(&std::env::var("SUITE_MARK").unwrap());
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).unwrap();
    println!("{{\\"args\\": [{}], \\"mark\\": {mark}, \\"stdin\\": {}}}", args.join(","), quoted(&input));
    std::process::exit(7);
}
`;

/** What the suite wants of every language, in Rust. */
export const programs: LanguagePrograms = {
  inspect,
  parts: {
    entry: 'app/start.rs',
    files: {
      'app/start.rs': 'mod words;\nmod beside;\nfn main() { println!("{}", beside::same(words::WORD)); }\n',
      'app/beside.rs': 'pub fn same(x: &str) -> &str { x }\n',
      'app/words/mod.rs': 'pub const WORD: &str = "hello";\n',
    },
  },
  broken: 'fn main() {\n\n    let x: i32 = "text";\n}\n',
};
