// What a load is called: by its file, or as a replay of rows that another load set aside.
import type { TFunction } from 'i18next'

const REPLAY = /^(bat_\w+)-replay\.jsonl$/

/** `names`: the files of loads that are known here, by batch. */
export function fileTitle(t: TFunction, fileName: string, names?: ReadonlyMap<string, string>): string {
  const [, of] = REPLAY.exec(fileName) ?? []
  return of === undefined ? fileName : t('imports.replay_of', { file: names?.get(of) ?? of })
}
