/** Calls of one statement within a request that are sent as they are; further ones may be summed up. */
export const sentWholeMax = 10;
