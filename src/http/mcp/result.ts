/** Tool results as MCP wants them: structured, with the same JSON as text; failures with a code and advice. */
import type { CallToolResult } from '@modelcontextprotocol/server'
import type { Result } from '../../core/base/result.ts'
import { ERRORS, type Failure } from '../../core/protocol/errors.ts'
import { adviceFor } from './advice.ts'

export function toCallResult(result: Result<Record<string, unknown>, Failure>): CallToolResult {
  if (!result.ok) return toErrorResult(result.error)
  return { content: [text(result.value)], structuredContent: result.value }
}

/** No structured content: it would have to match the tool's output schema, which describes success. */
function toErrorResult({ code, detail }: Failure): CallToolResult {
  const { title } = ERRORS[code]
  return { isError: true, content: [text({ code, title, detail, advice: adviceFor(code) })] }
}

const text = (value: unknown) => ({ type: 'text' as const, text: JSON.stringify(value) })
