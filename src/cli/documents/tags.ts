/** The two tags of every memory that came from a document: by them an import knows its own memories again. */
import { createHash } from 'node:crypto'

export const DOCUMENT_TAG = 'document'
export const FOLDER_TAG_PREFIX = 'folder:'

/**
 * Names the folder that a document came from, so that two folders with a README.md each do not take one another's
 * sections for gone. Hashed with the spore's own id: the path of somebody's disk is nobody else's business.
 */
export const folderTag = (root: string, author: string): string =>
  FOLDER_TAG_PREFIX + createHash('sha256').update(`${author}\n${root}`).digest('hex').slice(0, 12)
