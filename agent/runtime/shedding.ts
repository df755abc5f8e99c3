/** What the agent leaves out while it costs too much: the governor sets it, whoever would make it asks. */
export class Shedding {
  /** No call sites, no hashes of parameters. */
  isEvidenceShed = false;
  /** Calls that have therefore no evidence. */
  calls = 0;

  /** Whether a call goes without; it is counted. */
  shedsCall(): boolean {
    if (this.isEvidenceShed) this.calls += 1;
    return this.isEvidenceShed;
  }
}
