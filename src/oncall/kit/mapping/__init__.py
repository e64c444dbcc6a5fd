"""Values picked out of a JSON value by JMESPath, and words looked up in tables: within bounds, and without ever raising."""

from oncall.kit.mapping.evaluation import Around, Evaluation, Found
from oncall.kit.mapping.explaining import BadExpression
from oncall.kit.mapping.expressions import MAX_EXPRESSION, Expression, compile_expression
from oncall.kit.mapping.tables import Table, word_of

__all__ = [
    "MAX_EXPRESSION",
    "Around",
    "BadExpression",
    "Evaluation",
    "Expression",
    "Found",
    "Table",
    "compile_expression",
    "word_of",
]
