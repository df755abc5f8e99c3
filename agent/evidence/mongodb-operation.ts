/** Commands of MongoDB's servers, from version 3.6 to 8. */
const names = new Map<string, string>(
  (
    "abortTransaction addShard addShardToZone aggregate analyzeShardKey appendOplogNote applyOps authenticate " +
    "balancerCollectionStatus balancerStart balancerStatus balancerStop buildInfo bulkWrite " +
    "checkMetadataConsistency checkShardingIndex cleanupOrphaned cleanupReshardCollection clearJumboFlag " +
    "cloneCollectionAsCapped collMod collStats commitReshardCollection commitTransaction compact " +
    "configureCollectionBalancing configureFailPoint connPoolStats connPoolSync connectionStatus convertToCapped " +
    "count create createIndexes createRole createSearchIndexes createUser currentOp dataSize dbHash dbStats " +
    "delete distinct driverOIDTest drop dropAllRolesFromDatabase dropAllUsersFromDatabase dropConnections " +
    "dropDatabase dropIndexes dropRole dropSearchIndex dropUser enableSharding endSessions explain filemd5 find " +
    "findAndModify flushRouterConfig fsync fsyncUnlock geoNear geoSearch getAuditConfig getClusterParameter " +
    "getCmdLineOpts getDefaultRWConcern getLastError getLog getMore getParameter getShardMap getShardVersion " +
    "getnonce grantPrivilegesToRole grantRolesToRole grantRolesToUser group hello hostInfo insert " +
    "invalidateUserCache isMaster isdbgrid killAllSessions killAllSessionsByPattern killCursors killOp " +
    "killSessions listCollections listCommands listDatabases listIndexes listSearchIndexes listShards lockInfo " +
    "logApplicationMessage logRotate logout mapReduce medianKey mergeChunks moveChunk moveCollection movePrimary " +
    "moveRange netstat ping planCacheClear planCacheClearFilters planCacheListFilters planCacheSetFilter profile " +
    "reIndex refineCollectionShardKey refreshSessions removeQuerySettings removeShard removeShardFromZone " +
    "renameCollection replSetAbortPrimaryCatchUp replSetFreeze replSetGetConfig replSetGetStatus replSetInitiate " +
    "replSetMaintenance replSetReconfig replSetResizeOplog replSetStepDown replSetSyncFrom resetPlacementHistory " +
    "reshardCollection revokePrivilegesFromRole revokeRolesFromRole revokeRolesFromUser rolesInfo " +
    "rotateCertificates saslContinue saslStart serverStatus setAllowMigrations setAuditConfig setClusterParameter " +
    "setDefaultRWConcern setFeatureCompatibilityVersion setIndexCommitQuorum setParameter " +
    "setProfilingFilterGlobally setQuerySettings shardCollection shardConnPoolStats shardingState shutdown split " +
    "splitVector startSession top transitionFromDedicatedConfigServer transitionToDedicatedConfigServer " +
    "unshardCollection untrackUnshardedCollection update updateRole updateSearchIndex updateUser " +
    "updateZoneKeyRange usersInfo validate validateDBMetadata waitForFailPoint whatsmyuri"
  )
    .split(" ")
    .map((name) => [name.toLowerCase(), name]),
);

/** The command as MongoDB documents it, however it is written; "" when it is none that is known: then it may be a user's word. */
export function toMongodbOperation(command: string): string {
  return names.get(command.toLowerCase()) ?? "";
}
