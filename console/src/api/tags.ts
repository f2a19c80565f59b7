// What the pages of tags ask for, and under which key the answer is kept.
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client'

/** A definition as JSON; docs/guides/tags.md describes it. */
export type TagJson = Record<string, unknown>

// The document calls a definition an object without saying more, which the generated types read as an empty one.
const wire = (definition: TagJson) => definition as Record<string, never>
const at = (key: string) => ({ path: { key } })

export const tagsQuery = queryOptions({
  queryKey: ['tags'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/tags', { signal })),
})

export function tagQuery(key: string) {
  return queryOptions({
    queryKey: ['tags', key],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/tags/{key}', { params: at(key), signal })),
  })
}

export const packsQuery = queryOptions({
  queryKey: ['tag-packs'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/tag-packs', { signal })),
})

export function choosePacks(packs: string[]) {
  return unwrap(client.PUT('/api/v1/tag-packs', { body: { packs } }))
}

/** A definition that is being written: computed anew for every change, and the computation of the old one given up. */
export function tagPreviewQuery(definition: TagJson, isOn: boolean) {
  return queryOptions({
    queryKey: ['tag-preview', definition],
    queryFn: ({ signal }) => unwrap(client.POST('/api/v1/tag-preview', { body: { definition: wire(definition) }, signal })),
    enabled: isOn,
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 60_000,
  })
}

export function putTag(definition: TagJson) {
  return unwrap(client.POST('/api/v1/tags', { body: { definition: wire(definition) } }))
}

export function declareTag(key: string, values: string[]) {
  return unwrap(client.POST('/api/v1/manual-tags', { body: { key, values } }))
}

export function retireTag(key: string) {
  return unwrap(client.DELETE('/api/v1/tags/{key}', { params: at(key) }))
}

export function refreshTag(key: string) {
  return unwrap(client.POST('/api/v1/tags/{key}/refresh', { params: at(key) }))
}
