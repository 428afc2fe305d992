/** A resource that `AddUlimit` can limit; the names are those of setrlimit(2) in lower case. */
export type UlimitName =
  | 'core'
  | 'cpu'
  | 'data'
  | 'fsize'
  | 'locks'
  | 'memlock'
  | 'msgqueue'
  | 'nice'
  | 'nofile'
  | 'nproc'
  | 'rss'
  | 'rtprio'
  | 'rttime'
  | 'sigpending'
  | 'stack'
  | (string & {});

/** Size of a core dump in bytes. `AddUlimit(UlimitCore, 0, 0)` */
export const UlimitCore = 'core';
/** Processor time in seconds. */
export const UlimitCPU = 'cpu';
/** Data segment in bytes. */
export const UlimitData = 'data';
/** Size of a file in bytes. */
export const UlimitFsize = 'fsize';
/** Number of file locks. */
export const UlimitLocks = 'locks';
/** Locked memory in bytes. */
export const UlimitMemlock = 'memlock';
/** POSIX message queues in bytes. */
export const UlimitMsgqueue = 'msgqueue';
/** Ceiling of the nice value. */
export const UlimitNice = 'nice';
/** Number of open files. `AddUlimit(UlimitNofile, 1024, 4096)` */
export const UlimitNofile = 'nofile';
/** Number of processes. */
export const UlimitNproc = 'nproc';
/** Resident memory in bytes. */
export const UlimitRss = 'rss';
/** Ceiling of the real-time priority. */
export const UlimitRtprio = 'rtprio';
/** Real-time processor time in microseconds. */
export const UlimitRttime = 'rttime';
/** Number of queued signals. */
export const UlimitSigpending = 'sigpending';
/** Stack in bytes. */
export const UlimitStack = 'stack';
