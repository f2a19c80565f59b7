// The workspace as every page needs it: its formats and how far its data reach.
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { workspaceQuery } from '../api/queries'
import { createFormat, type Format } from '../format'
import { useSettings } from './settings'

export function useWorkspace() {
  return useQuery(workspaceQuery)
}

/** Formats in the reader's language and the workspace's currency and zone. */
export function useFormat(currency?: string): Format {
  const { lang } = useSettings()
  const { data } = useWorkspace()
  const code = currency ?? data?.currency ?? 'CNY'
  const zone = data?.zone ?? 'Asia/Shanghai'
  return useMemo(() => createFormat({ lang, currency: code, zone }), [lang, code, zone])
}
