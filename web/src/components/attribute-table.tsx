import styles from "./attribute-table.module.css";

interface AttributeTableProps {
  readonly caption: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Names and values as they came, as text: a value is the application's, or its caller's. */
export function AttributeTable({ caption, attributes }: AttributeTableProps) {
  const sorted = Object.entries(attributes).sort(([a], [b]) => a.localeCompare(b));
  return (
    <table className={styles.attributes}>
      <caption>{caption}</caption>
      <tbody>
        {sorted.length === 0 && (
          <tr>
            <td className={styles.none}>None</td>
          </tr>
        )}
        {sorted.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
