//! How far lines are moved in: a step for each line that opened brackets which are not closed yet.

/// The brackets that lines opened and nobody closed yet: one number per such line.
#[derive(Debug, Default)]
pub(super) struct Indentation(Vec<i32>);

impl Indentation {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The spaces before the next line, which opens `net` more brackets than it closes.
    pub(super) fn next(&mut self, net: i32) -> u32 {
        let mut closing = -net;
        while closing > 0 {
            let Some(top) = self.0.last_mut() else { break };
            if closing < *top {
                *top -= closing;
                break;
            }
            closing -= *top;
            self.0.pop();
        }
        let spaces = u32::try_from(self.0.len()).unwrap_or(u32::MAX).saturating_mul(2);
        if net > 0 {
            self.0.push(net);
        }
        spaces
    }
}

#[cfg(test)]
mod tests {
    use super::Indentation;

    #[test]
    fn a_line_that_opened_several_is_left_when_the_last_of_them_is_closed() {
        let mut indentation = Indentation::default();
        let nets = [2, 0, -1, -1, 0, 1, 0, 0, 0, -1, -5, 1];
        let spaces: Vec<u32> = nets.into_iter().map(|it| indentation.next(it)).collect();
        assert_eq!(spaces, [0, 2, 2, 0, 0, 0, 2, 2, 2, 0, 0, 0]);
    }
}
