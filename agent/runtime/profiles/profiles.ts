import type { Profiler } from "node:inspector";
import type { ExportSettings } from "../../export/export-service.ts";
import { LogSender } from "../../export/log-sender.ts";
import type { SourceMaps } from "../../source-maps/source-maps.ts";
import { MainThreadSession } from "./main-thread-session.ts";
import type {
  ProfileReport,
  ProfileRequest,
  SessionsCell,
  TakenCpuProfile,
} from "./profile-messages.ts";
import { toCpuRecord, toHeapRecord } from "./profile-records.ts";
import { ProfiledFrames } from "./profiled-frames.ts";
import { summarizeCpuProfile } from "./summarize-cpu-profile.ts";
import { type HeapProfile, summarizeHeapGrowth } from "./summarize-heap-growth.ts";

export interface ProfilesOptions {
  readonly sending: ExportSettings;
  readonly maps: SourceMaps;
  readonly report: (report: ProfileReport) => void;
  /** Something was not taken or not sent. */
  readonly onFailure: () => void;
}

const heapIntervalBytes = 512 * 1024;

/**
 * Takes profiles of the application's thread from the agent's, and sends what they say. The thread that is profiled
 * has little to do with them: it never reads one.
 */
export class Profiles {
  readonly #options: ProfilesOptions;
  readonly #sender: LogSender;
  #cpu: MainThreadSession | undefined = undefined;
  #heap: MainThreadSession | undefined = undefined;
  #intervalUs = 0;
  #firstHeap: HeapProfile | undefined = undefined;
  /** One command after the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: ProfilesOptions) {
    this.#options = options;
    this.#sender = new LogSender(options.sending, options.onFailure);
  }

  handle(request: ProfileRequest): void {
    // The application's thread waits for it, and answers nothing meanwhile.
    if (request.command === "end") this.#close();
    else this.#last = this.#last.then(() => this.#handle(request)).catch(() => this.#fail());
  }

  async #handle(request: ProfileRequest): Promise<void> {
    switch (request.command) {
      case "startCpu":
        this.#intervalUs = request.intervalUs;
        this.#cpu = new MainThreadSession(request.sessions);
        await this.#cpu.post("Profiler.enable");
        await this.#cpu.post("Profiler.setSamplingInterval", { interval: this.#intervalUs });
        await this.#cpu.post("Profiler.start");
        this.#options.report({ kind: "profileStarted" });
        break;
      case "stopCpu":
        await this.#stopCpu(request.taken);
        break;
      case "startHeap":
        await this.#startHeap(request.sessions);
        break;
      case "markHeap":
        this.#firstHeap = await this.#readHeap("HeapProfiler.getSamplingProfile");
        break;
      case "stopHeap":
        await this.#stopHeap(request.usedBytes);
    }
  }

  async #stopCpu({ marks, clockOffsetMs, trigger }: TakenCpuProfile): Promise<void> {
    const session = whatStarted(this.#cpu);
    const { profile } = await session.post<Profiler.StopReturnType>("Profiler.stop");
    this.#cpu = undefined;
    session.close();
    const summary = summarizeCpuProfile(profile, { marks, clockOffsetMs, frames: this.#frames() });
    this.#sender.send(toCpuRecord(summary, trigger, this.#intervalUs));
  }

  async #startHeap(sessions: SessionsCell): Promise<void> {
    this.#heap = new MainThreadSession(sessions);
    const options = { samplingInterval: heapIntervalBytes };
    await this.#heap.post("HeapProfiler.startSampling", options);
  }

  async #stopHeap(usedBytes: readonly number[]): Promise<void> {
    const last = await this.#readHeap("HeapProfiler.stopSampling");
    this.#heap?.close();
    this.#heap = undefined;
    const first = whatStarted(this.#firstHeap);
    this.#firstHeap = undefined;
    this.#sender.send(toHeapRecord(summarizeHeapGrowth(first, last, this.#frames()), usedBytes));
  }

  async #readHeap(method: string): Promise<HeapProfile> {
    const answer = await whatStarted(this.#heap).post<{ readonly profile: HeapProfile }>(method);
    return answer.profile;
  }

  #frames(): ProfiledFrames {
    return new ProfiledFrames(this.#options.maps, process.cwd());
  }

  #close(): void {
    this.#cpu?.close();
    this.#heap?.close();
    this.#cpu = undefined;
    this.#heap = undefined;
  }

  #fail(): void {
    this.#close();
    this.#options.report({ kind: "profileFailed" });
    this.#options.onFailure();
  }
}

/** This thread may be another one than that which was told to start. */
function whatStarted<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("a profile ends that was not begun");
  return value;
}
