import { useEffect, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useWorkspace } from '../app/workspace'

type Props = { title: string; question?: string | undefined; above?: ReactNode; actions?: ReactNode; children: ReactNode; heading?: ReactNode }

/** A page: one heading, the question it answers, what can be done, and its content. Sets the title of the window. */
export function Page({ title, question, above, actions, heading, children }: Props) {
  const { t } = useTranslation()
  const { data: workspace } = useWorkspace()
  const name = workspace?.name
  useEffect(() => {
    document.title = [title, name, t('app.name')].filter(Boolean).join(' · ')
  }, [title, name, t])
  return (
    <>
      {above}
      <div className="zk-page-head">
        <div className="zk-page-titles">
          {heading ?? <h1 className="zk-page-title">{title}</h1>}
          {question && <p className="zk-page-question">{question}</p>}
        </div>
        {actions && <div className="zk-page-actions">{actions}</div>}
      </div>
      {children}
    </>
  )
}
