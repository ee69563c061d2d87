//! Conditions ("Conditional Statement Syntax"), as far as packages of ours use them: `AND OR NOT`, parentheses,
//! comparison of properties, numbers and quoted texts. Anything else is an error, so that a typing mistake is
//! found when the package is made, not when it is installed.

use std::collections::BTreeMap;

/// Values of properties.
pub type Properties = BTreeMap<String, String>;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Compare(String),
    /// A property's name.
    Name(String),
    /// A number or a quoted text.
    Value(String),
}

/// Whether a condition holds. An empty one does.
///
/// # Errors
/// What is wrong with the condition, in words.
pub fn holds(condition: &str, properties: &Properties) -> Result<bool, String> {
    let tokens = tokens(condition)?;
    if tokens.is_empty() {
        return Ok(true);
    }
    let mut parser = Parser { tokens: &tokens, at: 0, properties };
    let result = parser.or()?;
    if parser.at != tokens.len() {
        return Err(format!("\"{condition}\" goes on after its end"));
    }
    Ok(result)
}

/// Names of the properties that a condition reads.
///
/// # Errors
/// What is wrong with the condition, in words.
pub fn names(condition: &str) -> Result<Vec<String>, String> {
    holds(condition, &Properties::new())?;
    Ok(tokens(condition)?
        .into_iter()
        .filter_map(|token| match token {
            Token::Name(name) => Some(name),
            _ => None,
        })
        .collect())
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '"' => {
                let end = rest[1..].find('"').ok_or_else(|| format!("\"{text}\": a quote is open"))?;
                (Token::Value(rest[1..=end].to_owned()), end + 2)
            }
            '=' | '<' | '>' | '~' => {
                let length = rest.find(|c| !"=<>~".contains(c)).unwrap_or(rest.len());
                let known = ["=", "<>", "<", ">", "<=", ">=", "~="];
                if !known.contains(&&rest[..length]) {
                    return Err(format!("\"{text}\": unknown operator {}", &rest[..length]));
                }
                (Token::Compare(rest[..length].to_owned()), length)
            }
            c if c.is_ascii_digit() => {
                let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                (Token::Value(rest[..length].to_owned()), length)
            }
            c if c.is_ascii_alphabetic() || "_$?&!%".contains(c) => {
                let length = rest[1..]
                    .find(|c: char| !(c.is_ascii_alphanumeric() || "_.".contains(c)))
                    .map_or(rest.len(), |at| at + 1);
                let word = &rest[..length];
                let token = match word.to_ascii_uppercase().as_str() {
                    "AND" => Token::And,
                    "OR" => Token::Or,
                    "NOT" => Token::Not,
                    _ => Token::Name(word.to_owned()),
                };
                (token, length)
            }
            other => return Err(format!("\"{text}\": unexpected {other:?}")),
        };
        out.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(out)
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    properties: &'a Properties,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn take(&mut self, token: &Token) -> bool {
        let here = self.tokens.get(self.at) == Some(token);
        self.at += usize::from(here);
        here
    }

    fn or(&mut self) -> Result<bool, String> {
        let mut result = self.and()?;
        while self.take(&Token::Or) {
            result |= self.and()?;
        }
        Ok(result)
    }

    fn and(&mut self) -> Result<bool, String> {
        let mut result = self.not()?;
        while self.take(&Token::And) {
            result &= self.not()?;
        }
        Ok(result)
    }

    fn not(&mut self) -> Result<bool, String> {
        if self.take(&Token::Not) {
            return Ok(!self.not()?);
        }
        if self.take(&Token::Open) {
            let result = self.or()?;
            return if self.take(&Token::Close) { Ok(result) } else { Err("a parenthesis is open".into()) };
        }
        let left = self.value()?;
        if let Some(Token::Compare(operator)) = self.tokens.get(self.at) {
            let operator = operator.clone();
            self.at += 1;
            let right = self.value()?;
            return Ok(compare(&left, &operator, &right));
        }
        // A property alone holds when it has a value; a number alone when it is not 0.
        Ok(!left.is_empty() && left != "0")
    }

    fn value(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Name(name)) => Ok(self.properties.get(&name).cloned().unwrap_or_default()),
            Some(Token::Value(text)) => Ok(text),
            other => Err(format!("a value is missing ({other:?})")),
        }
    }
}

/// Numbers are compared as numbers when both sides are; else texts, of which only equality is defined.
fn compare(left: &str, operator: &str, right: &str) -> bool {
    if let (Ok(left), Ok(right)) = (left.parse::<i64>(), right.parse::<i64>()) {
        return match operator {
            "<" => left < right,
            ">" => left > right,
            "<=" => left <= right,
            ">=" => left >= right,
            "<>" => left != right,
            _ => left == right,
        };
    }
    match operator {
        "=" => left == right,
        "~=" => left.eq_ignore_ascii_case(right),
        "<>" => left != right,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions() {
        let properties: Properties =
            [("BUILD", "14393"), ("REMOVE", "ALL"), ("Installed", "1"), ("ZERO", "0")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into();
        for (text, expected) in [
            ("", true),
            ("BUILD >= 14393", true),
            ("BUILD > 14393", false),
            ("BUILD < 9", false),
            ("REMOVE=\"ALL\" AND NOT UPGRADINGPRODUCTCODE", true),
            ("REMOVE = \"all\"", false),
            ("REMOVE ~= \"all\"", true),
            ("NOT Installed OR NOT (REMOVE = \"ALL\")", false),
            ("NOT NOT Installed", true),
            ("Nothing >= 1", false),
            ("Nothing <> \"x\"", true),
            ("Nothing OR Installed AND BUILD", true),
        ] {
            assert_eq!(holds(text, &properties), Ok(expected), "{text}");
        }
        for text in ["AND", "(Installed", "Installed)", "A ? B", "A = ", "A == B", "\"open", "A B"] {
            assert!(holds(text, &properties).is_err(), "{text}");
        }
        assert_eq!(names("NOT A AND (B = \"C\" OR 1)"), Ok(vec!["A".to_owned(), "B".to_owned()]));
    }
}
