import type { LanguageDetection } from '@soulbox/plugin-sdk';
import { evidence } from '@soulbox/plugin-sdk/toolchain';

export const detection: LanguageDetection = {
  interpreters: ['rust-script'],
  patterns: evidence(
    [8, /\blet mut \w/u, /^#!?\[(?:derive|cfg|test|allow|warn|tokio|inline|must_use)/u],
    [
      7,
      /\b(?:println|eprintln|format|vec|panic|assert|assert_eq|writeln|todo|matches|print)!/u,
      /^(?:pub )?use (?:std|crate|super|self|core|alloc)::/u,
      /^(?:unsafe )?impl(?:<.*>)? ?\w/u,
      /\.unwrap\(\)|\.expect\("/u,
    ],
    [
      6,
      /^(?:pub(?:\(\w+\))? )?(?:async |const |unsafe )?fn \w+/u,
      /&(?:mut |str\b|self\b|'\w)/u,
      /^(?:\} else )?(?:while|if) let /u,
      /\bmove \|/u,
    ],
    [
      5,
      /-> (?:Result<|Option<|Self|Box<|Vec<|&|impl |[iuf](?:8|16|32|64|size))/u,
      /: (?:[iu](?:8|16|32|64|128|size)|f32|f64|&str|&mut|&'|Vec<|Option<|Box<)/u,
      /^_ => /u,
      /\?;$/u,
      /^loop \{$/u,
      /\bdyn \w/u,
      /\.\.=/u,
      /\b(?:Rc|Arc|RefCell|Mutex|Box|Vec|String)::new\(|String::from\(/u,
    ],
    [
      4,
      /\bmatch [\w.&*()]+ \{$/u,
      /^mod \w+(?:;| \{)$/u,
      /\bunsafe \{/u,
      /^pub (?:struct|enum|trait|mod|const|type) /u,
      /<'\w+>/u,
      /\bas (?:[iu](?:8|16|32|64|size)|f32|f64)\b/u,
    ],
    [
      3,
      /\b(?:Some|Ok|Err)\(/u,
      /\b(?:i32|u32|u8|i64|u64|usize|f64|isize|u16|f32)\b/u,
      /\bfor \w+ in .* \{$/u,
      /\.(?:iter|into_iter|collect|to_string|as_str|unwrap_or|chars|clone|to_owned)\(/u,
      /\bSelf\b/u,
      /^(?:let )?\(?\w+(?:, \w+)?\)?: (?:\w+<|String)/u,
    ],
    [
      2,
      /^[\w:]+(?:\(.*\)|\s?\{.*\})? => /u,
      /\|\w+(?:, \w+)?\| /u,
      /^(?:struct|enum|trait) \w+(?:<.*>)?(?:\(.*\);| \{)$/u,
      /^let \(?\w+(?:, \w+\))?(?:: [^=]*)? = /u,
    ],
    [1, /\w::\w/u, /\bself\.\w/u, /^\/\//u, /^if [^(].*\{$/u, /^let \w/u],
    [-3, /=== /u, /\bfunction\b/u, /^(?:var|func|def|import|package) /u, /\$\w+ = /u],
  ),
};
