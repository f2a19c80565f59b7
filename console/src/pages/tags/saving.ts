// Keeping a tag, and computing it at once, so that there is something to see.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { declareTag, putTag, refreshTag, type TagJson } from '../../api/tags'

function useThen() {
  const cache = useQueryClient()
  const navigate = useNavigate()
  return async ({ key }: { key: string }) => {
    await cache.invalidateQueries({ queryKey: ['tags'] })
    await navigate({ to: '/customers/tags/$key', params: { key } })
  }
}

export function usePut() {
  const onSuccess = useThen()
  return useMutation({
    mutationFn: async (definition: TagJson) => {
      const kept = await putTag(definition)
      // It is kept whatever becomes of this; the page says when it was last computed.
      await refreshTag(kept.key).catch(() => undefined)
      return kept
    },
    onSuccess,
  })
}

export function useDeclare() {
  const onSuccess = useThen()
  return useMutation({ mutationFn: ({ key, values }: { key: string; values: string[] }) => declareTag(key, values), onSuccess })
}
