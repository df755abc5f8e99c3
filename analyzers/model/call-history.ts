/** Calls of one shape that one service made in one hour, failed ones and summed-up ones left out. */
export interface HourOfCalls {
  /** Start of the hour, seconds since 1970. */
  readonly hourS: number;
  readonly calls: number;
  readonly p50Ns: number;
  /** Mean of those whose rows are known; -1: of none. */
  readonly rows: number;
  readonly serviceVersions: readonly string[];
}

/** What is stored of a query's earlier runs. Hours by time, oldest first; those that were not read or had no call are missing. */
export interface CallHistory {
  readonly hours: readonly HourOfCalls[];
  /** The same of the other queries that the service sends to that database. */
  readonly others: readonly (readonly HourOfCalls[])[];
}
