// Numbers in a line, each with its name.
import './facts.css'

export function Facts({ facts }: { facts: readonly (readonly [string, string])[] }) {
  return (
    <dl className="zk-numbers">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="zk-figures">{value}</dd>
        </div>
      ))}
    </dl>
  )
}
