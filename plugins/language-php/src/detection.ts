import type { LanguageDetection } from '@soulbox/plugin-sdk';
import { evidence } from '@soulbox/plugin-sdk/toolchain';

export const detection: LanguageDetection = {
  fileNames: ['artisan'],
  interpreters: ['php'],
  patterns: evidence(
    [14, /<\?php\b|<\?=/u],
    [
      8,
      /\$this->/u,
      /\bforeach \(.* as \$/u,
      /\b(?:public|private|protected) (?:static )?function \w/u,
      /\b(?:public|private|protected) (?:readonly |static )?(?:\??\w+ )?\$\w/u,
      /\bdeclare\(strict_types/u,
      /\$_(?:GET|POST|SERVER|SESSION|FILES|COOKIE|ENV|REQUEST)\b/u,
    ],
    [6, /\$\w+->\w/u, /\bfunction \w*\(.*\$\w/u, /^use [A-Z]\w*\\/u, /^namespace [A-Z][\w\\]*;$/u, /\bPHP_EOL\b/u],
    [
      5,
      /\b(?:array_\w+|isset|var_dump|print_r|implode|explode|htmlspecialchars|str_replace|preg_\w+|mb_\w+|file_get_contents)\(/u,
      /\bfn ?\(.*\$/u,
      /\$\w+ \.= /u,
      /\bfunction \(.*\) use \(/u,
    ],
    [4, /^\$\w+ = /u, /^echo\b/u, /\barray\(/u, /\b(?:self|static|parent)::/u, /\$\w+\[/u],
    [
      3,
      /\$\w+ \. |['")] \. ["'$\w]|\$\w+\.["']/u,
      /\b(?:if|while|for|switch) \(!?\$\w/u,
      /\bnew \w+\(.*\$\w/u,
      /\bcatch \(\\?\w+ \$/u,
    ],
    [
      2,
      /\$\w+(?:\+\+|--|;| [<>=!+-])/u,
      /"[^"]*\$\w/u,
      /\b(?:strlen|count|sprintf|printf|intval|is_array|in_array|trim|fgets)\(/u,
    ],
    [1, /=> /u, /\bfunction \w+\(/u, /^\/\//u, /[=!]== /u],
    [-3, /^(?:const|let|var|import|def|func) /u, /`[^`]*\$\{/u],
  ),
};
