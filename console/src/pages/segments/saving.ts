// Keeping a segment, and bringing its members up to date at once, so that there is something to see.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { createSegment, refreshSegment, updateSegment, type SegmentDraft } from '../../api/segments'
import type { Segment } from '../../api/types'

export function useSave(segment: Segment | undefined) {
  const cache = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: async (draft: SegmentDraft) => {
      const kept = segment ? await updateSegment(segment.segment_id, segment.version, draft) : await createSegment(draft)
      // It is kept whatever becomes of this; the page says when its members were last computed.
      await refreshSegment(kept.segment_id).catch(() => undefined)
      return kept
    },
    onSuccess: async ({ segment_id: segmentId }) => {
      await Promise.all([cache.invalidateQueries({ queryKey: ['segments'] }), cache.invalidateQueries({ queryKey: ['segment', segmentId] })])
      await navigate({ to: '/customers/segments/$segmentId', params: { segmentId }, search: { view: 'chart' } })
    },
  })
}
