/** A tool: plain data that the MCP server registers, and a handler that speaks to a `ToolBackend`. */
import type { z } from 'zod'
import type { Result } from '../../core/base/result.ts'
import type { Failure } from '../../core/protocol/errors.ts'
import type { ToolBackend } from './backend.ts'

/** All four hints, each given: their defaults are the opposite of what most tools are. */
export interface Annotations {
  readonly readOnlyHint: boolean
  readonly destructiveHint: boolean
  readonly idempotentHint: boolean
  /** Whether it may touch what lies outside of this spore: the swarm of other people's spores. */
  readonly openWorldHint: boolean
}

/** A tool that only reads what this spore holds. */
export const READS: Annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
}

/** Tells the caller how far a call is: the number of steps so far, and one line about the last one. */
export type Progress = (steps: number, line: string) => Promise<void>

export interface ToolContext {
  readonly backend: ToolBackend
  /** This spore's did:key, to tell its own texts from those of others. */
  readonly own: string
  readonly signal: AbortSignal
  /** Null where the caller does not want to know. */
  readonly progress: Progress | null
}

export interface Tool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly annotations: Annotations
  readonly input: I
  readonly output: O
  handle(input: z.infer<I>, context: ToolContext): Promise<Result<z.infer<O>, Failure>>
}

/** Infers the types of a tool from its schemas, and forgets them so that tools fit one list. */
export const defineTool = <I extends z.ZodObject, O extends z.ZodObject>(tool: Tool<I, O>): Tool =>
  tool as unknown as Tool
