import { errorCatalogue, isErrorCode } from '@soulbox/plugin-sdk';

type Advice = readonly (readonly [found: RegExp, todo: string])[];

/** What an author can do, by what was said of a rule that failed; the first that fits holds. */
const byReason: Advice = [
  [/^package\.json: /, 'Correct package.json as named.'],
  [/Cannot find (package|module)/, 'Build the package, and install what it imports: npm install && npm run build.'],
  [/hook_not_permitted/, errorCatalogue.hook_not_permitted.advice],
  [/operation_not_permitted/, errorCatalogue.operation_not_permitted.advice],
  [
    /nothing happened for|still pending/,
    'Look for a loop, or a promise that never settles, in what the rule calls; more time is given by --timeout.',
  ],
  [
    /process ended|process of plugin .* ended/,
    'A plugin never ends the process: throw an error, or call context.skip where there is nothing to do.',
  ],
];

/** What an author can do, by the rule; the first that fits holds. */
const byRule: Advice = [
  [/that the host accepts/, 'Correct package.json as named: engines.soulbox must name a major version.'],
  [/nothing runs when it is installed/, 'Remove the script: hosts install plugins without running any.'],
  [/every export is there/, 'Build before you check, and list the folder of what is built under "files".'],
  [
    /depends on the contracts only/,
    'Have @soulbox/plugin-sdk as a peer dependency, the host as a development dependency, and no other plugin.',
  ],
  [/default export is a plugin/, 'Export definePlugin({ … }) by default, with the id of soulbox.id.'],
  [/README names/, 'Name the package in README.md, and explain each setting there with its name in backticks.'],
  [/provides|requires/, 'Let soulbox-plugin migrate DIR --write fill in what the code provides and requires.'],
  [/starts in a host/, 'See the reason; settings that it cannot do without are given by --config, plugins by --with.'],
  [
    /no resource, listener or file/,
    'Return a disposer from setup, or acquire through context.effect, and keep files in context.dataDir().',
  ],
  [/stopping twice|two hosts in one process/, 'Keep all state inside setup, and let disposers be called in any case.'],
  [/settings are refused/, 'Describe settings by z.strictObject, so that mistakes in a configuration are found.'],
  [/leaves what it is given/, 'Return a changed copy, { ...value }, instead of assigning to the argument.'],
  [/^hooks:/, 'Answer within the deadline of the hook, with the shape of its contract, or with undefined to abstain.'],
  [/^operations:/, 'Describe parameters by z.strictObject, and write a summary that is a sentence.'],
  [/^scaling:/, 'Answer with a whole number that depends on the demand alone, and grows with it.'],
];

/** A sentence for the author whose plugin breaks a rule. */
export function adviceFor(rule: string, reason: string): string {
  const found = byReason.find(([said]) => said.test(reason)) ?? byRule.find(([named]) => named.test(rule));
  if (found) return found[1];
  const code = /\b[a-z]+(?:_[a-z]+)+\b/.exec(reason)?.[0];
  if (isErrorCode(code)) return errorCatalogue[code].advice;
  return 'See the comments of the contract in @soulbox/plugin-sdk, and run its suite in the tests of the package.';
}
