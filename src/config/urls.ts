/** An http(s) URL without credentials, query or fragment: of a spore, or of what a spore calls. */
export function isSporeUrl(value: string): boolean {
  const url = URL.parse(value)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false
  return url.username === '' && url.password === '' && url.search === '' && url.hash === ''
}
