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
/** Processor time in seconds. `AddUlimit(UlimitCPU, 60, 120)` */
export const UlimitCPU = 'cpu';
/** Data segment in bytes. `AddUlimit(UlimitData, -1, -1)` */
export const UlimitData = 'data';
/** Size of a file in bytes. `AddUlimit(UlimitFsize, 2 ** 30, 2 ** 30)` */
export const UlimitFsize = 'fsize';
/** Number of file locks. `AddUlimit(UlimitLocks, 100, 100)` */
export const UlimitLocks = 'locks';
/** Locked memory in bytes. `AddUlimit(UlimitMemlock, -1, -1)` */
export const UlimitMemlock = 'memlock';
/** POSIX message queues in bytes. `AddUlimit(UlimitMsgqueue, 819_200, 819_200)` */
export const UlimitMsgqueue = 'msgqueue';
/** Ceiling of the nice value. `AddUlimit(UlimitNice, 20, 40)` */
export const UlimitNice = 'nice';
/** Number of open files. `AddUlimit(UlimitNofile, 1024, 4096)` */
export const UlimitNofile = 'nofile';
/** Number of processes. `AddUlimit(UlimitNproc, 512, 1024)` */
export const UlimitNproc = 'nproc';
/** Resident memory in bytes. `AddUlimit(UlimitRss, -1, -1)` */
export const UlimitRss = 'rss';
/** Ceiling of the real-time priority. `AddUlimit(UlimitRtprio, 0, 0)` */
export const UlimitRtprio = 'rtprio';
/** Real-time processor time in microseconds. `AddUlimit(UlimitRttime, -1, -1)` */
export const UlimitRttime = 'rttime';
/** Number of queued signals. `AddUlimit(UlimitSigpending, 1024, 1024)` */
export const UlimitSigpending = 'sigpending';
/** Stack in bytes. `AddUlimit(UlimitStack, 2 ** 23, 2 ** 26)` */
export const UlimitStack = 'stack';
