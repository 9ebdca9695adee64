import assert from 'node:assert/strict';
import type { ExecutionPlan, LanguageRuntime } from '@soulbox/plugin-sdk';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** Plans a program; the name `''` stands for code without a name. */
export function planFor(runtime: LanguageRuntime, files: Files, entry?: string): Promise<ExecutionPlan> {
  const input = Object.entries(files).map(([path, content]) => ({ path, content: Buffer.from(content) }));
  return runtime.plan({ entry, files: input, args: [] });
}

/** Compiles and runs a program of the test's own. Fails where it does not compile. */
export async function compileAndRun(runtime: LanguageRuntime, files: Files, entry?: string) {
  const plan = await planFor(runtime, files, entry);
  assert.ok(plan.ok, plan.ok ? '' : plan.message);
  const { stdout, stderr, exitCode } = await runPlanUnsandboxed(plan);
  return { stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderr).toString(), exitCode };
}

/** What a program that does not compile is told. Fails where it compiles. */
export async function refusal(runtime: LanguageRuntime, files: Files, entry?: string) {
  const plan = await planFor(runtime, files, entry);
  assert.ok(!plan.ok, 'it compiled');
  return plan;
}
