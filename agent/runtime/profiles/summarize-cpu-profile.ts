import type { Profiler } from "node:inspector";
import { type MarkedRequests, traceIdOf } from "../../tracing/request-marks.ts";
import { stackOf, type TreeNode, toTree } from "./profile-tree.ts";
import type { CallFrame, ProfiledFrame, ProfiledFrames } from "./profiled-frames.ts";
import { SampleOwners } from "./sample-owners.ts";
import { StackFolder } from "./stack-folder.ts";

/** Milliseconds under a name. */
export interface NamedTime {
  readonly name: string;
  readonly ms: number;
}

/** A function of the application, and what ran there or in packages and in Node on its behalf. */
interface HottestFunction extends NamedTime {
  readonly frame: ProfiledFrame;
  /** Where most of its own time went; that of its definition when most went elsewhere. */
  readonly lineNumber: number;
}

export interface CpuSummary {
  readonly durationMs: number;
  readonly samples: number;
  /** In which anything ran. */
  readonly busyMs: number;
  readonly gcMs: number;
  /** Undefined when nothing of the application ran. */
  readonly hottest: HottestFunction | undefined;
  /** Most first, at most `namesMax` each. */
  readonly self: readonly NamedTime[];
  /** The application's functions, with what they call. */
  readonly total: readonly NamedTime[];
  /** Method and route; what is of none is left out. */
  readonly routes: readonly NamedTime[];
  /** Folded stacks, a line each: names from the outside to the inside, `;` between them, and microseconds. */
  readonly stacks: string;
  /** Of the request that ran longest, 32 hex digits; "" when none is known. */
  readonly traceId: string;
}

export interface CpuProfileContext {
  readonly marks: MarkedRequests;
  /** `performance.now()` of the application's thread, when V8's clock is at 0; milliseconds. */
  readonly clockOffsetMs: number;
  readonly frames: ProfiledFrames;
}

const namesMax = 20;

type Tree = ReadonlyMap<number, TreeNode<Profiler.ProfileNode>>;

interface ProfiledFunction {
  readonly callFrame: CallFrame;
  selfUs: number;
  /** With what is not the application's and was called by it. */
  ownUs: number;
  totalUs: number;
  /** Samples by line of the compiled file. */
  readonly lines: Map<number, number>;
}

export function summarizeCpuProfile(
  profile: Profiler.Profile,
  { marks, clockOffsetMs, frames }: CpuProfileContext,
): CpuSummary {
  const tree = toTree(profile.nodes);
  const { samples = [], timeDeltas = [] } = profile;
  const selfUs = new Map<number, number>();
  const owners = new SampleOwners(marks);
  let [atUs, idleUs, gcUs] = [profile.startTime, 0, 0];
  for (const [i, id] of samples.entries()) {
    atUs += timeDeltas[i]!;
    // A sample stands for the time until the next one.
    const us = Math.max(timeDeltas[i + 1] ?? profile.endTime - atUs, 0);
    const name = tree.get(id)?.node.callFrame.functionName;
    const isIdle = name === "(idle)";
    if (isIdle) idleUs += us;
    else selfUs.set(id, (selfUs.get(id) ?? 0) + us);
    if (name === "(garbage collector)") gcUs += us;
    owners.add(atUs / 1_000 + clockOffsetMs, us / 1_000, isIdle);
  }
  owners.end();
  const durationUs = Math.max(profile.endTime - profile.startTime, 0);
  const functions = findFunctions(tree, selfUs, frames);
  const [longest] = [...owners.timesMs].sort(([, a], [, b]) => b - a);
  return {
    durationMs: durationUs / 1_000,
    samples: samples.length,
    busyMs: Math.max(durationUs - idleUs, 0) / 1_000,
    gcMs: gcUs / 1_000,
    hottest: findHottest(functions, frames),
    self: topSelf(functions, frames),
    total: topTotal(functions, frames),
    routes: sumRoutes(owners, marks),
    stacks: foldStacks(tree, selfUs, frames),
    traceId: longest === undefined ? "" : traceIdOf(marks, longest[0]),
  };
}

function findFunctions(
  tree: Tree,
  selfUs: ReadonlyMap<number, number>,
  frames: ProfiledFrames,
): ProfiledFunction[] {
  const functions = new Map<string, ProfiledFunction>();
  for (const { key, node } of tree.values()) {
    const known = functions.get(key) ?? {
      callFrame: node.callFrame,
      selfUs: 0,
      ownUs: 0,
      totalUs: 0,
      lines: new Map<number, number>(),
    };
    functions.set(key, known);
    for (const { line, ticks } of node.positionTicks ?? []) {
      known.lines.set(line, (known.lines.get(line) ?? 0) + ticks);
    }
  }
  for (const [id, us] of selfUs) {
    const leaf = tree.get(id);
    if (leaf === undefined) continue;
    functions.get(leaf.key)!.selfUs += us;
    const stack = stackOf(leaf);
    // Once for each function of the stack, however often it calls itself.
    for (const key of new Set(stack.map(({ key }) => key))) functions.get(key)!.totalUs += us;
    const own = stack.find(({ node }) => frames.of(node.callFrame).filePath !== "");
    if (own !== undefined) functions.get(own.key)!.ownUs += us;
  }
  return [...functions.values()];
}

function findHottest(
  functions: readonly ProfiledFunction[],
  frames: ProfiledFrames,
): HottestFunction | undefined {
  const [most] = functions.filter(({ ownUs }) => ownUs > 0).sort((a, b) => b.ownUs - a.ownUs);
  if (most === undefined) return undefined;
  const frame = frames.of(most.callFrame);
  const isOwnWork = most.selfUs > most.ownUs / 2;
  const lineNumber = isOwnWork ? hottestLine(most, frames) : frame.lineNumber;
  return { name: frames.labelAt(frame, lineNumber), ms: most.ownUs / 1_000, frame, lineNumber };
}

function hottestLine({ callFrame, lines }: ProfiledFunction, frames: ProfiledFrames): number {
  const [hottest] = [...lines].sort(([, a], [, b]) => b - a);
  if (hottest === undefined) return frames.of(callFrame).lineNumber;
  return frames.lineOf(callFrame, hottest[0]);
}

function topSelf(functions: readonly ProfiledFunction[], frames: ProfiledFrames): NamedTime[] {
  return functions
    .filter(({ selfUs }) => selfUs > 0)
    .sort((a, b) => b.selfUs - a.selfUs)
    .slice(0, namesMax)
    .map((it) => {
      const frame = frames.of(it.callFrame);
      const isOwn = frame.filePath !== "";
      const name = isOwn ? frames.labelAt(frame, hottestLine(it, frames)) : frame.label;
      return { name, ms: it.selfUs / 1_000 };
    });
}

function topTotal(functions: readonly ProfiledFunction[], frames: ProfiledFrames): NamedTime[] {
  return functions
    .filter(({ totalUs }) => totalUs > 0)
    .map(({ callFrame, totalUs }) => ({ frame: frames.of(callFrame), ms: totalUs / 1_000 }))
    .filter(({ frame }) => frame.filePath !== "")
    .sort((a, b) => b.ms - a.ms)
    .slice(0, namesMax)
    .map(({ frame, ms }) => ({ name: frame.label, ms }));
}

function sumRoutes({ timesMs }: SampleOwners, marks: MarkedRequests): NamedTime[] {
  const routes = new Map<string, number>();
  for (const [request, ms] of timesMs) {
    const name = marks.routes[marks.routeOf[request] ?? 0] ?? "";
    if (name !== "") routes.set(name, (routes.get(name) ?? 0) + ms);
  }
  return [...routes]
    .map(([name, ms]) => ({ name, ms }))
    .sort((a, b) => b.ms - a.ms)
    .slice(0, namesMax);
}

function foldStacks(
  tree: Tree,
  selfUs: ReadonlyMap<number, number>,
  frames: ProfiledFrames,
): string {
  const folder = new StackFolder(frames);
  for (const [id, us] of selfUs) {
    const leaf = tree.get(id);
    if (leaf === undefined) continue;
    const stack = stackOf(leaf).map(({ node }) => node.callFrame);
    folder.add(stack, us);
  }
  return folder.toText();
}
