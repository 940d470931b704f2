/** What must happen now and then: a simulator in which it never does tests less than it says. */

/** Notes that the seeds of a CI run must each make at least once. */
export const SOMETIMES = [
  'a client asked again',
  'a client asked again for what was written',
  'a clock ran ahead',
  'a clock went back',
  'a commit failed',
  'a disk was wiped',
  'a fork was proven',
  'a memory vanished',
  'a memory was retracted and remembered at once',
  'a peer lied',
  'a record was dropped',
  'a record was torn',
  'a replay was refused',
  'a reply was lost',
  'a request arrived twice',
  'a request was lost',
  'a run left a gap',
  'a run went on behind its signed head',
  'a spore came back',
  'a spore was stopped',
  'a stream broke off',
  'a view was the same',
  'a write survived that nobody was told of',
  'an author began to equivocate',
  'an entry of a later version was written',
  'disks fail',
  'others still carry what was retracted',
  'runs of several logs shared a commit',
  'somebody named dots of another',
  'strangers flooded a spore',
  'the network was cut',
] as const

/** Notes that as many seeds of the scenario `tasks` must each make. */
export const TASK_SOMETIMES = [
  'a budget was spent',
  'a clock ran ahead',
  'a commit failed',
  'a fork was proven',
  'a liar flooded a task',
  'a liar put an answer together that was not taken',
  'a liar took something back',
  'a liar wrote in two places',
  'a request was lost',
  'a spore came back',
  'a task failed',
  'an answer was quoted without a model',
  'an answer was revised',
  'an asker never came back',
  'another than the asker put the answer together',
  'early agreement was challenged',
  'one question had two askers',
  'the network was cut',
  'what was sealed was shown after a restart',
] as const

/** Those that never happened, in seeds of tasks alone or of all other scenarios. */
export const missingOf = (happened: Readonly<Record<string, number>>, ofTasks: boolean): string[] =>
  (ofTasks ? TASK_SOMETIMES : SOMETIMES).filter((what) => !happened[what])
