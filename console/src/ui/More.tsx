// Under a list that goes on: the button that fetches what comes next.
import { Button } from 'antd'
import { useTranslation } from 'react-i18next'

type Props = { query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown } }

export function More({ query }: Props) {
  const { t } = useTranslation()
  if (!query.hasNextPage) return null
  return (
    <div className="zk-more">
      <Button onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage}>
        {t('table.more_any')}
      </Button>
    </div>
  )
}
